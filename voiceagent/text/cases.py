"""The cases that are talked about in writing: opened, found again, gone on with, ended."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from voiceagent.callrecord import new_call_id
from voiceagent.cases import digest, opened
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import CallFacts, CaseOpened, Record
from voiceagent.records import cases as kept
from voiceagent.records.store import Store
from voiceagent.services import Shared
from voiceagent.text.conversation import TextConversation

_SWEEP_S = 15.0
_TAKEN_S = 4.0
_LOOK_S = 0.1

_log = structlog.get_logger()


class TooMany(Exception):
    """As many conversations as the settings allow are open."""


class LiveCall(NamedTuple):
    """The case is being talked about on the telephone."""

    case_id: str
    call_id: str


class Opened(NamedTuple):
    """A new case, with what its customer gets."""

    conversation: TextConversation
    token: str
    event: CaseOpened


class Cases:
    """All conversations in writing of this process; ended by `close`.

    Args:
        store: where those are found that began elsewhere, or before a restart.
    """

    def __init__(self, shared: Shared, store: Store) -> None:
        self._shared = shared
        self._store = store
        self._open: dict[str, TextConversation] = {}
        """By case."""
        self._tokens: dict[str, str] = {}
        """Case by what is kept of its token, from before the store has it."""
        self._going_on = asyncio.Lock()

    def open(self, facts: CallFacts) -> Opened:
        """Open a case for a customer.

        Raises:
            TooMany: there is no room.
        """
        self._room()
        token, event = opened(datetime.now(UTC), self._shared.config.text.valid_h)
        conversation = TextConversation(new_call_id(), facts, self._shared, event)
        self._open[conversation.case_id] = conversation
        self._tokens[event.token_sha256] = conversation.case_id
        return Opened(conversation, token, event)

    async def allows(self, token: str, case_id: str) -> bool:
        """Whether a token opens this case."""
        if self._tokens.get(digest(token)) == case_id:
            return True
        try:
            shown = await asyncio.to_thread(
                kept.shown, self._store, token, datetime.now(UTC), codes=False
            )
        except sqlite3.Error as error:
            _log.error("case.token_unknown", error=str(error))
            return False
        return shown == case_id

    async def find(self, case_id: str) -> TextConversation | LiveCall | None:
        """The case's conversation; one that is over is gone on with. None for an unknown case.

        Raises:
            TooMany: there is no room.
            sqlite3.Error: the store cannot be read.
        """
        async with self._going_on:
            records = await asyncio.to_thread(self._records, case_id)
            if live := kept.live_call(records):
                return LiveCall(case_id, live)
            known = self._open.get(case_id)
            if known is not None and not known.ended:
                # What was begun a moment ago need not be in the record yet.
                if not records or kept.newest(records) == known.call_id:
                    return known
                known.end("agent", "the customer went on elsewhere")
            if not records:
                return None
            self._room()
            before = kept.left_open(records)
            went_on = Unfinished(
                case_id=case_id,
                by="code",
                channel="text",
                intent=before.intent if before else None,
                topic=before.topic if before else "",
                slots=before.slots if before else {},
            )
            facts = kept.facts_of(records).model_copy(update={"channel": "text"})
            conversation = TextConversation(new_call_id(), facts, self._shared, went_on)
            conversation.with_person = kept.with_person(records)
            self._open[case_id] = conversation
            return conversation

    async def heard_in(self, call: LiveCall, text: str) -> bool:
        """Whether a live call has taken in what was written beside it, waited for."""
        for _ in range(int(_TAKEN_S / _LOOK_S)):
            await asyncio.sleep(_LOOK_S)
            records = await asyncio.to_thread(self._store.events, call.call_id)
            if text in kept.written(records):
                return True
        return False

    async def records(self, case_id: str) -> list[Record]:
        """All that was said and done in a case so far, in all its conversations."""
        return await asyncio.to_thread(self._records, case_id)

    def _records(self, case_id: str) -> list[Record]:
        found = [
            record
            for call_id in kept.chain(self._store, case_id)
            for record in self._store.events(call_id)
        ]
        return sorted(found, key=lambda record: record.at)

    def _room(self) -> None:
        if len(self._open) >= self._shared.config.text.most_open:
            raise TooMany

    async def sweep(self) -> None:
        """End conversations in which nothing is written any more, for as long as it runs."""
        idle_s = self._shared.config.text.idle_min * 60
        while True:
            await asyncio.sleep(min(_SWEEP_S, idle_s))
            now = time.monotonic()
            for case_id, conversation in list(self._open.items()):
                if now - conversation.touched > idle_s:
                    conversation.end("caller", "nothing more was written")
                if conversation.ended:
                    self._forget(case_id)

    def _forget(self, case_id: str) -> None:
        with suppress(KeyError):
            del self._open[case_id]
        for token in [key for key, of in self._tokens.items() if of == case_id]:
            del self._tokens[token]

    def close(self) -> None:
        """End all that are open; whoever writes later goes on with them."""
        for conversation in self._open.values():
            conversation.end("error", "the web server was stopped")
        self._open.clear()
