"""A child process for the tests of `voiceagent.children`: ``python -m tests.offspring HOW FILE``.

Each life adds a line to FILE, so that a later life can be another one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path


def main(how: str, lives: Path) -> None:
    with lives.open("a") as file:
        file.write(f"{os.getpid()}\n")
    life = len(lives.read_text().splitlines())
    if how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "silent":
        time.sleep(60)
    if how == "stillborn" or (how == "sickly" and life == 2):
        sys.exit(3)
    if how == "babbling":
        print("hello there", flush=True)
        time.sleep(60)
    print(json.dumps({"pid": os.getpid(), "life": life}), flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
