"""A line that only writes its journal, to be killed.

``python -m tests.supervision.writer SETTINGS URL`` takes settings as JSON and the broker's URL;
each line of its standard input is a record.
"""

from __future__ import annotations

import asyncio
import sys

from voiceagent.config import Config
from voiceagent.events import RECORD
from voiceagent.supervision.journal import open_journal


async def main(settings: str, broker: str) -> None:
    async with open_journal(Config.model_validate_json(settings), broker) as journal:
        while text := await asyncio.to_thread(sys.stdin.readline):
            journal.write(RECORD.validate_json(text))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
