"""`voiceagent say`: a text as a sound file."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_float
from voiceagent.audio.telephone import telephone as through_telephone
from voiceagent.audio.wav import save
from voiceagent.cli.options import output_option, read, settings_option
from voiceagent.config import Speech
from voiceagent.speech.engines import load_voice
from voiceagent.speech.models import ModelError, registry
from voiceagent.speech.piper import SynthesisError


@click.command()
@click.argument("text")
@output_option("The WAV file to write.", required=True)
@click.option(
    "--voice",
    default="joe-us",
    show_default=True,
    help="A voice of `voiceagent models list` or of the settings, or the path of a Piper .onnx "
    "file.",
)
@settings_option("Settings with voices of their own.", required=False)
@click.option(
    "--rate",
    type=click.IntRange(SAMPLE_RATE, 48000),
    default=SAMPLE_RATE,
    show_default=True,
    help="Samples a second.",
)
@click.option("--telephone", is_flag=True, help="As it comes out of a telephone, at 8000.")
def say(
    text: str, output: Path, voice: str, settings: Path | None, rate: int, telephone: bool
) -> None:
    """Speak TEXT ("-" reads it from standard input) into a WAV file."""
    if telephone and rate != SAMPLE_RATE:
        raise click.UsageError(f"a telephone has {SAMPLE_RATE} samples a second: leave --rate out")
    if text == "-":
        text = sys.stdin.read()
    if not any(letter.isalnum() for letter in text):
        raise click.UsageError("there is nothing to say: give a text with words in it")
    try:
        speech = _spoken(text, read(settings).speech if settings else Speech(), voice, rate)
    except (ModelError, SynthesisError) as error:
        raise click.ClickException(str(error)) from error
    try:
        save(output, through_telephone(speech, rate) if telephone else speech, rate)
    except OSError as error:
        raise click.ClickException(
            f"{output}: cannot be written: {error.strerror}: check the folder and its rights"
        ) from error


def _spoken(text: str, settings: Speech, voice: str, rate: int) -> Floats:
    known = registry().get(voice)
    if known is not None and known.kind != "piper":
        raise ModelError(f"{voice} is no voice: `voiceagent models list` names those")
    synthesizer = load_voice(settings, voice, rate)
    return np.concatenate([to_float(piece) for piece in synthesizer.synthesize(text)])
