"""Scenarios: what can be written, and how what is wrong is named."""

from pathlib import Path

import pytest

from voiceagent.simulation.scenario import Listen, Scenario, ScenarioError, load

OURS = sorted((Path(__file__).parents[2] / "dialplans" / "scenarios").glob("*.yaml"))


def read(tmp_path: Path, text: str) -> Scenario:
    file = tmp_path / "scenario.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    return [str(p).removeprefix(f"{tmp_path}/scenario.yaml:") for p in caught.value.problems]


def step(tmp_path: Path, text: str) -> str:
    """The one problem of a scenario with this step in line 3."""
    (problem,) = problems(tmp_path, f"name: Test\nsteps:\n  - {text}\n")
    return problem


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.stem)
def test_our_own_scenarios_can_be_read(file: Path) -> None:
    assert load(file).steps


def test_there_are_scenarios_for_both_dialplans() -> None:
    assert {file.stem.partition("-")[0] for file in OURS} == {"shop", "clinic"}


def test_a_step_keeps_its_line_and_short_forms_are_read(tmp_path: Path) -> None:
    scenario = read(
        tmp_path, "name: Test\nsteps:\n  - listen\n  - listen:\n  - say: hello\n\n  - hang_up\n"
    )
    assert [each.action for each in scenario.steps] == ["listen", "listen", "say", "hang_up"]
    assert scenario.steps[0].listen == scenario.steps[1].listen == Listen()
    assert [scenario.line(number) for number in range(4)] == [3, 4, 5, 7]


def test_every_problem_is_named_at_once_with_line_and_mend(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "name: Test\n"
        "caller:\n"
        "  pich: 110\n"
        "  noise: {kind: rain, snr_db: 10}\n"
        "steps:\n"
        "  - say: hello\n"
        "    after: 2\n"
        "  - listen: {contains: tomorrow}\n"
        "  - play: none.wav\n",
    )
    assert found == [
        "3: caller.pich: there is no such key: did you mean pitch?",
        "4: caller.noise.kind: cannot be 'rain': write 'white', 'babble' or 'street'",
        "7: steps[1].after: there is no such key: did you mean after_s?",
        "8: steps[2].listen.contains: is not a list: write it as a list: ['tomorrow']",
    ]


def test_a_sound_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    told = step(tmp_path, "play: none.wav")
    assert told.startswith("3: steps[1].play: ")
    assert "none.wav: cannot be read as audio" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{say: hello, cough: 1}", "does say and cough: write one of say, play"),
        ("{after_s: 2}", "does nothing: write one of say, play"),
        ("{listen: {}, after_s: 2}", "listen makes no sound: take out after_s"),
        ("{cough: 1, goes_on: yes}", "goes_on says nothing where the agent is silent: add after_s"),
        (
            "{cough: 1, after_s: 1, goes_on: yes, stops_within_ms: 300}",
            "the agent cannot both stop and go on",
        ),
        ('{say: "four <two>"}', "holds a < that begins no pause: write pauses as <0.8s>"),
        ('{say: "<0.8s>"}', "holds no words"),
        ("{digits: 0471}", 'is a number, which loses its first zeros: write "'),
        ("{listen: {matches: '('}}", "is no regular expression"),
        ("{hang_up: no}", "cannot be False"),
    ],
)
def test_a_step_that_cannot_be_done_is_told_with_its_mend(
    tmp_path: Path, text: str, told: str
) -> None:
    problem = step(tmp_path, text)
    assert problem.startswith("3: steps[1]")
    assert told in problem


def test_a_file_that_is_no_scenario_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, "- say: hello\n") == [
        "1: is not a scenario: begin with a line such as `name: My scenario`"
    ]
    assert problems(tmp_path, "") == ["1: is empty: write a scenario into it"]
