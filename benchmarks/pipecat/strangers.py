"""Our recognition, as people meet it whose digits it was not taught.

The table that reads digits off the encoder was learned from the very people whose digits are at
hand. So numbers are recognised here by a table that was learned without the person who speaks: a
speech service like ours, told by lines on standard input whom it must not know.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks import digits
from voiceagent import config
from voiceagent.speech import digits as reading
from voiceagent.speech.digits import DigitReader
from voiceagent.speech.engines import Engines
from voiceagent.speech.models import locate, store
from voiceagent.speech.service import listening
from voiceagent.speech.whisper import WhisperRecognizer
from voiceagent.speech.wire import own_address

MODEL = "whisper-base"


def readers(root: Path) -> Path:
    """A file of tables, one for each speaker of `digits/`, learned without them.

    It takes some minutes; the file is kept until what it is learned from or by changes.
    """
    kept = store().parent / "benchmarks" / f"readers-{MODEL}-{_fingerprint()}.npz"
    if not kept.is_file():
        print("Teaching the reader of digits without each speaker; this is done once.", flush=True)
        known = digits.lessons(root, WhisperRecognizer(locate(MODEL), MODEL))
        tables = {}
        for person in sorted({person for person, _ in digits.people(root)}):
            others = [lesson for lesson in known if lesson.speaker != person]
            tables[f"{person}.weights"], tables[f"{person}.bias"] = digits.learn(others).table
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part.npz")
        np.savez(unfinished, **tables)
        unfinished.rename(kept)
    return kept


def _fingerprint() -> str:
    """What the shipped table is learned by, and that table: both are learned anew together."""
    files = (Path(digits.__file__), reading.table_path(MODEL))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


async def serve(settings: config.Config, tables: Path) -> None:
    """Serve until standard input ends; each line names a speaker whom it must not know."""
    engines = Engines(settings)
    engines.warm()
    recognizer = engines.recognizer
    assert isinstance(recognizer, WhisperRecognizer)
    known = np.load(tables)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    address = own_address(settings)
    async with listening(engines, address, settings.speech.workers):
        print(json.dumps({"event": "listening", "address": str(address)}), flush=True)
        while line := await lines.readline():
            command = json.loads(line)
            if command["do"] == "quit":
                break
            person = command["speaker"]
            recognizer.digits = DigitReader(known[f"{person}.weights"], known[f"{person}.bias"])
            print(json.dumps({"event": "stranger", "speaker": person}), flush=True)


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    print(json.dumps({"event": "ready"}), flush=True)
    asyncio.run(serve(config.load(Path(options["settings"])), Path(options["readers"])))
