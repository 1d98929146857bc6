"""`voiceagent analyze`: recordings in, their utterances out."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from voiceagent.analysis import AnalysisError, Analyzer, Finding, Settings
from voiceagent.audio.wav import AudioFileError
from voiceagent.cli.options import json_option
from voiceagent.config import Speech
from voiceagent.dialogue.loader import DialplanError, load
from voiceagent.speech.engines import load_recognizer
from voiceagent.speech.models import ModelError, registry
from voiceagent.speech.recognizer import RecognitionError, Recognizer

_PATH = click.Path(path_type=Path)
_WORTH_SHOWING = 0.3
_REASONS_NOT_TO_START = (
    AnalysisError,
    AudioFileError,
    DialplanError,
    ModelError,
    RecognitionError,
)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@json_option("One line of JSON an utterance.")
@click.option("--language", default="en", show_default=True, help="What is spoken.")
@click.option(
    "--model",
    default="whisper-base",
    show_default=True,
    help="A model of `voiceagent models list`, or the folder of a Whisper or Vosk model.",
)
@click.option("--baseline", type=_PATH, help="A recording of the speaker's calm voice.")
@click.option("--dialplan", type=_PATH, help="Whose topics, intents and thresholds count.")
@click.option("--wide", is_flag=True, help="Recognise at 16 kHz, not through the telephone.")
@click.option("--mix", is_flag=True, help="Mix the channels: they are not one speaker each.")
@click.option(
    "--pause",
    type=click.FloatRange(0.2, 10),
    default=Settings.pause_s,
    show_default=True,
    help="Seconds of silence that end an utterance.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=min(4, os.cpu_count() or 1),
    show_default=True,
    help="Utterances recognised at once.",
)
def analyze(
    files: tuple[Path, ...],
    as_json: bool,
    language: str,
    model: str,
    baseline: Path | None,
    dialplan: Path | None,
    wide: bool,
    mix: bool,
    pause: float,
    workers: int,
) -> None:
    """What is said in recordings, when, and how.

    Any format and rate, one channel or one speaker a channel. A file that cannot be read is
    named on standard error; the others are analysed all the same, and the exit code is 1.
    """
    settings = Settings(language=language, wide=wide, mix=mix, pause_s=pause)

    async def run() -> bool:
        analyzer = await Analyzer.create(
            settings,
            _recognizer(model, workers),
            plan=load(dialplan) if dialplan else None,
            baseline=baseline,
            workers=workers,
        )
        show = _show_json if as_json else _Table(several=len(files) > 1).show
        return all([await _analyze(analyzer, file, show) for file in files])

    try:
        good = asyncio.run(run())
    except _REASONS_NOT_TO_START as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if good else 1)


async def _analyze(analyzer: Analyzer, file: Path, show: Callable[[Finding], None]) -> bool:
    """Show what is in a file; False when it cannot be analysed."""
    try:
        async for finding in analyzer.analyze(file):
            show(finding)
    except AudioFileError as error:
        click.echo(f"{error}: give a sound file, such as WAV, FLAC, MP3 or Ogg", err=True)
        return False
    except RecognitionError as error:
        click.echo(f"{file}: not recognised to its end: {error}", err=True)
        return False
    return True


def _recognizer(model: str, workers: int) -> Recognizer:
    known = registry().get(model)
    if known is not None and known.kind not in ("whisper", "vosk"):
        raise ModelError(f"{model} is no recogniser: `voiceagent models list` names those")
    if known.kind == "vosk" if known else (Path(model) / "conf").is_dir():
        return load_recognizer(Speech(vosk_model=model))
    return load_recognizer(Speech(whisper_model=model, workers=workers))


def _show_json(finding: Finding) -> None:
    alone = {"channel"} if finding.channel is None else set()
    click.echo(finding.model_dump_json(exclude=alone))


class _Table:
    """Lines for people: what was said, and what is worth knowing about it."""

    def __init__(self, several: bool) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._several = several
        self._file = ""

    def show(self, finding: Finding) -> None:
        if self._several and finding.file != self._file:
            self._console.print(f"[bold]{escape(finding.file)}[/]")
            self._file = finding.file
        where = f"{_clock(finding.start_s)} – {_clock(finding.end_s)}"
        speaker = "" if finding.channel is None else f"  [{finding.channel}]"
        text = finding.text or "(no words)"
        self._console.print(f"{where}{escape(speaker)}  {escape(text)}")
        notes = [f"understood {finding.understood:.0%}", f"anger {finding.anger:.0%}"]
        if finding.wish_for_person >= _WORTH_SHOWING:
            notes.append(f"wish for a person {finding.wish_for_person:.0%}")
        self._console.print(
            f"    [dim]{escape('; '.join([', '.join(notes), *finding.reasons]))}[/]"
        )


def _clock(at_s: float) -> str:
    minutes, seconds = divmod(at_s, 60)
    return f"{minutes:02.0f}:{seconds:04.1f}"
