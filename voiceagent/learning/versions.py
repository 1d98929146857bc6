"""Versions of a policy: a folder of files, and a ledger of which was in use from when on.

``0001.yaml``, ``0002.yaml``, … hold what was learned, with what it was learned from. The file
``in-use`` has a line for each time that a version was chosen; the last line counts. Version
``dialplan`` is the dialplan's own ``escalation`` section. What a dialplan says that is never
learned, such as what anger is recognised by, holds in every version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import yaml

from voiceagent.config import Config
from voiceagent.dialogue.loader import load
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.learning import policies

OWN = "dialplan"
"""The version that was not learned."""
NEVER_LEARNED = frozenset({"anger_by"})
_LEDGER = "in-use"
_log = structlog.get_logger()
_NAME = re.compile(r"\d{4,}")


class VersionError(Exception):
    """A version cannot be used; the text says why and what can."""


@dataclass(frozen=True)
class Versions:
    """The versions in one folder, which need not be there yet."""

    folder: Path
    own: Thresholds
    """The dialplan's section."""

    def names(self) -> list[str]:
        """All versions, the dialplan's own first."""
        found = (file.stem for file in self.folder.glob("*.yaml"))
        return [OWN, *sorted(name for name in found if _NAME.fullmatch(name))]

    def limits(self, name: str) -> Thresholds:
        """Thresholds and weights of a version.

        Raises:
            VersionError: there is no such version.
            PolicyError: its file is wrong.
        """
        if name == OWN:
            return self.own
        self._check(name)
        learned = policies.read(self._file(name)).model_dump(exclude=set(NEVER_LEARNED))
        return self.own.model_copy(update=learned)

    def about(self, name: str) -> str:
        """A version in a line: from what it was learned and what that gave."""
        if name == OWN:
            return "as the dialplan says"
        self._check(name)
        first = self._file(name).read_text(encoding="utf-8").partition("\n")[0]
        return first.removeprefix("#").strip()

    def history(self) -> list[tuple[str, str]]:
        """When a version was chosen, and which, the oldest first.

        Raises:
            VersionError: the ledger cannot be read.
        """
        ledger = self.folder / _LEDGER
        if not ledger.exists():
            return []
        found = []
        for number, line in enumerate(ledger.read_text(encoding="utf-8").splitlines(), start=1):
            at, _, name = line.partition(" ")
            if not name:
                raise VersionError(
                    f"{ledger}:{number}: is not a time and a version: take the line out"
                )
            found.append((at, name))
        return found

    def in_use(self) -> str:
        """The version that lines use when they start."""
        history = self.history()
        return history[-1][1] if history else OWN

    def save(self, limits: Thresholds, about: str) -> str:
        """Keep a new version, without using it; returns its name.

        Raises:
            VersionError: it cannot be written.
        """
        last = max((int(name) for name in self.names() if name != OWN), default=0)
        name = f"{last + 1:04d}"
        values: dict[str, Any] = limits.model_dump(exclude=set(NEVER_LEARNED))
        text = f"# {about}\n{yaml.safe_dump({'escalation': values}, sort_keys=False)}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # "x": two that learn at once do not write over each other.
            with self._file(name).open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise VersionError(
                f"{self._file(name)}: cannot be written ({error.strerror}): "
                "check the folder and its rights, or set learning.policies"
            ) from error
        return name

    def use(self, name: str) -> None:
        """Choose a version, from the next start of a line on.

        Raises:
            VersionError: there is no such version, or the ledger cannot be written.
            PolicyError: its file is wrong.
        """
        self.limits(name)
        ledger = self.folder / _LEDGER
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with ledger.open("a", encoding="utf-8") as file:
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {name}\n")
        except OSError as error:
            raise VersionError(
                f"{ledger}: cannot be written ({error.strerror}): check the folder and its rights"
            ) from error

    def back(self) -> str:
        """Choose the version that was in use before this one; returns its name.

        Going back twice returns to where it began, as the ledger only grows.

        Raises:
            VersionError: there was none before.
        """
        names = [OWN, *(name for _, name in self.history())]
        before = next((name for name in reversed(names) if name != names[-1]), None)
        if before is None:
            raise VersionError(f"no other version than {names[-1]} was ever in use")
        self.use(before)
        return before

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.yaml"

    def _check(self, name: str) -> None:
        if name not in self.names():
            known = ", ".join(self.names())
            raise VersionError(f"{self.folder}: there is no version {name}: there are {known}")


def in_force(config: Config) -> Dialplan:
    """The dialplan of the settings with the policy that is in use.

    Raises:
        DialplanError: the dialplan cannot be used.
        VersionError: the version in use is not there.
        PolicyError: its file is wrong.
    """
    plan = load(config.dialplan)
    versions = Versions(config.learning.policies, plan.escalation)
    version = versions.in_use()
    _log.info("policy.chosen", version=version)
    return plan.model_copy(update={"escalation": versions.limits(version)})
