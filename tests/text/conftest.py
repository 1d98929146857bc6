"""What is shared by conversations in writing: all that decides is real, and so is the record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.dialogue.small_plan import PLAN
from voiceagent.config import Config
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.understanding import Understander
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import Event, Record
from voiceagent.handoff.staff import Staff
from voiceagent.records.earlier import earlier
from voiceagent.records.store import Store
from voiceagent.services import Shared
from voiceagent.speech.embedding import SentenceEmbedder
from voiceagent.speech.models import EMBEDDING_MODEL, locate, store
from voiceagent.speech.remembered import RememberedEmbedder


class Notes:
    """A journal that writes straight into a store."""

    def __init__(self, kept: Store) -> None:
        self.store = kept
        self.records: list[Record] = []

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def write(self, record: Record) -> None:
        self.records.append(record)
        self.store.append(record)

    async def delivered(self, record_id: str, timeout_s: float) -> bool:
        return True

    def of(self, kind: type[Event]) -> list[Any]:
        return [record.event for record in self.records if isinstance(record.event, kind)]


@pytest.fixture(scope="session")
def embedder() -> RememberedEmbedder:
    model: list[SentenceEmbedder] = []

    async def embed(texts: Sequence[str]) -> np.ndarray:
        model[:] = model or [SentenceEmbedder(locate(EMBEDDING_MODEL))]
        return model[0].embed(texts)

    return RememberedEmbedder(embed, EMBEDDING_MODEL, store())


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(Store(tmp_path / "calls.db"))


@pytest.fixture
async def shared(
    notes: Notes, embedder: RememberedEmbedder, tmp_path: Path
) -> AsyncIterator[Callable[..., Any]]:
    """Makes it; ``changes`` replaces sections of the small dialplan, the rest are settings."""
    clients: list[httpx.AsyncClient] = []

    async def make(changes: dict[str, Any] | None = None, **settings: Any) -> Shared:
        plan = Dialplan.model_validate(PLAN | (changes or {}))
        config = Config(dialplan=tmp_path / "plan.yaml", **settings)
        clients.append(httpx.AsyncClient())

        async def look_back(facts: Any) -> Any:
            now = datetime.now(UTC)
            return earlier(notes.store, facts, config.routing, now, plan.continues)

        return Shared(
            config=config,
            plan=plan,
            understander=await Understander.create(plan, embedder, examples=embedder),
            prototypes=await Prototypes.create(embedder, plan.language),
            http=clients[-1],
            journal=notes,
            staff=Staff.of(config, plan),
            look_back=look_back,
        )

    yield make
    for client in clients:
        await client.aclose()
    notes.store.close()
