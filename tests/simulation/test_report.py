"""The report and the evidence under it, on a made-up run whose pieces agree."""

import json
import re
from html.parser import HTMLParser

import pytest
from sample_run import ANSWERED_S, HELD_S, REFERRED_S, write_run

from voiceagent.simulation import moments as m
from voiceagent.simulation.evidence import gather
from voiceagent.simulation.report import write_report

EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """Collects a page's elements, and checks that they are closed in order."""

    VOID = ("meta", "link", "img", "br", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(run):
    return Page(write_report(run).read_text())


def test_a_whole_call_leaves_no_complaint(run):
    evidence = gather(run)
    assert evidence.complaints == []
    at = {moment.name: moment.at_s for moment in evidence.moments}
    assert at[m.HELD] == HELD_S
    assert at[m.CONSULTED] == pytest.approx(ANSWERED_S, abs=0.002)
    assert at[m.REFERRED] == pytest.approx(REFERRED_S, abs=0.002)
    assert [proof.expected for proof in evidence.proofs] == [True, True, True, False, False]


def test_gaps_are_measured_in_the_callers_recording(run):
    replies = [moment for moment in gather(run).moments if moment.gap_s is not None]
    spoken = [r.event for r in gather(run).records if r.event.type == "agent.spoke"]
    assert [moment.seen for moment in replies] == ["audio"] * 3
    assert [moment.gap_s for moment in replies] == pytest.approx(
        [event.gap_s + 0.08 for event in spoken if event.gap_s is not None], abs=0.05
    )


def test_a_missing_notify_is_named(tmp_path):
    assert gather(write_run(tmp_path, leave_out="NOTIFY")).complaints == [
        f"{m.NOTIFIED}: not seen (wire)"
    ]


def test_an_agent_who_stays_on_the_line_is_found_out(tmp_path):
    evidence = gather(write_run(tmp_path, agent_stays=True))
    assert [proof.holds for proof in evidence.proofs] == [True, False, False, False, False]


@pytest.mark.parametrize("name", ["events.jsonl", "sip-person.log", "caller.wav", "person.json"])
def test_a_missing_file_is_named_and_the_report_is_still_written(tmp_path, name):
    folder = write_run(tmp_path)
    (folder / name).unlink()
    report = write_report(folder).read_text()
    assert name.partition(".")[0] in " ".join(gather(folder).complaints)
    assert "Not every step was seen" in report


def test_a_folder_with_nothing_in_it_still_gets_a_report(tmp_path):
    assert "Not every step was seen" in write_report(tmp_path).read_text()


def test_a_damaged_event_is_named_by_file_and_line(tmp_path):
    folder = write_run(tmp_path)
    with (folder / "events.jsonl").open("a") as file:
        file.write("{}\n")
    count = len((folder / "events.jsonl").read_text().splitlines())
    with pytest.raises(ValueError, match=rf"events\.jsonl:{count}: is not a record"):
        gather(folder)


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(page):
    assert page.open == []
    links = [v for _, a in page.elements for k, v in a.items() if k in ("src", "href")]
    assert links
    assert all(re.fullmatch(r"[a-z-]+\.(wav|txt|json|jsonl)", link) for link in links)
    assert all(tag not in ("link", "img", "iframe", "object") for tag, _ in page.elements)


def test_the_page_has_every_turn_verdict_moment_and_message(run, page):
    evidence = gather(run)
    for record in evidence.records:
        event = record.event
        if event.type == "turn.heard":
            assert event.utterance.text in page.words
        if event.type == "verdict":
            assert all(reason in page.words for reason in event.reasons)
    assert all(moment.name in page.words for moment in evidence.moments)
    assert all(arrow.message.call_id in page.words for arrow in evidence.ladder.arrows)
    messages = [tag for tag, _ in page.elements if tag == "details"]
    assert len(messages) == len(evidence.ladder.arrows)


def test_the_page_shows_the_context_the_person_saw(run, page):
    context = next(
        r.event.context for r in gather(run).records if r.event.type == "handover.context"
    )
    for part in (context.reason, context.summary, context.handover_id, *context.tried):
        assert part in page.words


def test_a_waveform_is_drawn_for_each_side(page):
    waves = [a["d"] for tag, a in page.elements if tag == "path"]
    assert len(waves) == 3
    assert all(wave.startswith("M") for wave in waves)


def test_hostile_names_and_words_stay_text(tmp_path):
    folder = write_run(tmp_path, caller_name=EVIL, caller_words=EVIL)
    text = write_report(folder).read_text()
    page = Page(text)
    scripts = [attrs for tag, attrs in page.elements if tag == "script"]
    [nonce] = [attrs["nonce"] for attrs in scripts]
    assert f"'nonce-{nonce}'" in text
    assert not any(tag == "img" or "onerror" in attrs for tag, attrs in page.elements)
    assert page.words.count(EVIL) >= 3


def test_transcript_and_ladder_are_written_beside_the_page(run, page):
    said = json.loads((run / "transcript.json").read_text())
    assert [line["who"] for line in said["lines"]].count("caller") == 3
    assert "third time" in (run / "transcript.txt").read_text()
    assert "REFER (Replaces)" in (run / "ladder.txt").read_text()


def test_only_the_call_on_the_wire_is_shown(tmp_path):
    folder = write_run(tmp_path)
    path = folder / "events.jsonl"
    other = path.read_text().replace('"c-1"', '"c-0"').replace('"call1"', '"call0"')
    path.write_text(other + path.read_text())
    assert {record.call_id for record in gather(folder).records} == {"c-1"}
