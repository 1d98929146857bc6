"""Acoustic measures of voices that never were, made from the model's own table."""

import json
from importlib.resources import files

import numpy as np

TABLES = json.loads(
    (files("voiceagent.escalation") / "prosody_model.json").read_text(encoding="utf-8")
)


def voice(level=0.0, pitch=0.0, away=0.0):
    """Measures of an average speaker, moved `away` deviations along the model's own weights."""
    table = TABLES["tables"]["against_baseline"]
    alone = TABLES["tables"]["alone"]
    ordinary = dict(zip(alone["measures"], alone["means"], strict=True)) | {"level": -10.0}
    moved = {
        name: ordinary[name] + away * np.sign(weight) * scale
        for name, weight, scale in zip(
            table["measures"], table["anger"], table["scales"], strict=True
        )
        if name in ordinary
    }
    moved["level"] += level
    moved["pitch"] += pitch
    return moved


CALM, SHOUTED = voice(), voice(level=8, pitch=5, away=2)
