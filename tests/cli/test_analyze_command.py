"""`voiceagent analyze` and `voiceagent say`, which write what the other reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from voiceagent.audio import wav
from voiceagent.cli import main

FIELDS = {
    *("file", "start_s", "end_s", "text", "confidence", "words", "engine"),
    *("anger", "anger_voice", "anger_words", "arousal", "understood", "wish_for_person"),
    *("topics", "reasons"),
}


def run(*arguments: object, **options: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], **options)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("say") / "spoken.wav"
    assert run("say", "Where is my order?", "-o", path, "--rate", 16000).exit_code == 0
    return path


@pytest.mark.models
def test_every_utterance_is_a_line_of_json_with_all_fields(spoken: Path) -> None:
    result = run("analyze", "--json", spoken, spoken)
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(spoken)] * 2
    for line in lines:
        assert line.keys() == FIELDS
        assert line["words"][0].keys() == {"word", "start_s", "end_s", "confidence"}
        assert "order" in line["text"]


@pytest.mark.models
def test_bad_files_are_named_with_a_mend_and_the_others_are_analysed(
    spoken: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("no sound")
    result = run("analyze", tmp_path / "none.wav", text, spoken)
    assert result.exit_code == 1
    missing, broken = result.stderr.splitlines()
    assert missing.startswith(f"{tmp_path}/none.wav: cannot be read as audio: No such file")
    assert broken.startswith(f"{text}: cannot be read as audio")
    assert "give a sound file" in broken
    assert "order" in result.stdout


@pytest.mark.models
@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--model", "joe-us", "joe-us is no recogniser"),
        ("--model", "whisper-bas", "did you mean whisper-base?"),
        ("--language", "xx", "does not know the language 'xx'"),
        ("--baseline", "none.wav", "none.wav: cannot be read"),
        ("--dialplan", "none.yaml", "none.yaml:1: cannot be read"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    spoken: Path, option: str, value: str, told: str
) -> None:
    result = run("analyze", spoken, option, value)
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.models
@pytest.mark.parametrize("rate", [8000, 22050])
def test_a_text_is_spoken_at_the_rate_asked_for(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    result = run("say", "-", "-o", path, "--rate", rate, input="Your order\nis on its way.")
    assert result.exit_code == 0
    assert wav.rate_of(path) == rate
    assert 1.0 < wav.load(path, rate).size / rate < 4.0


@pytest.mark.models
def test_through_the_telephone_nothing_is_left_above_its_band(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert run("say", "She sells sea shells.", "-o", path, "--telephone").exit_code == 0
    spectrum = np.abs(np.fft.rfft(wav.load(path))) ** 2
    hertz = np.fft.rfftfreq(2 * spectrum.size - 2, 1 / 8000)
    assert spectrum[hertz < 150].sum() < 0.01 * spectrum.sum()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["say", " ... ", "-o", "a.wav"], "nothing to say"),
        (["say", "hello", "-o", "a.wav", "--telephone", "--rate", "16000"], "leave --rate out"),
        (["say", "hello", "-o", "a.wav", "--voice", "whisper-base"], "is no voice"),
        (["say", "hello", "-o", "a.wav", "--voice", "joe-uk"], "did you mean joe-us?"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_mend(arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert told in result.stderr


@pytest.mark.models
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = run("say", "hello", "-o", tmp_path / "none" / "a.wav")
    assert result.exit_code == 1
    assert f"{tmp_path}/none/a.wav: cannot be written: No such file" in result.stderr
