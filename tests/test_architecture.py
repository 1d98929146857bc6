"""The house rules that a program can check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "voiceagent"
MODULES = sorted(PACKAGE.rglob("*.py"))

ORDER = (
    {
        "cases",
        "events",
        "hours",
        "language",
        "markup",
        "printable",
        "tries",
        "urls",
    },
    {"config", "tasks", "children", "logs"},
    {"audio"},
    {"telephony"},
    {"speech"},
    {"dialogue"},
    {"escalation"},
    {"analysis"},
    {"handoff"},
    {"callrecord", "sense", "services"},
    {"deciding", "messages", "waiting", "handing", "linking", "codes", "course", "saying"},
    {"conversation"},
    {"line"},
    {"records"},
    {"learning"},
    {"supervision"},
    {"web"},
    {"text"},
    {"desk"},
    {"webserver"},
    {"simulation"},
    {"cli", "__main__"},
)
"""Rooms, the lowest first. One may use those before it and those beside it."""
STOREY = {room: number for number, rooms in enumerate(ORDER) for room in rooms}


def room(module: Path) -> str:
    """The room that a file is in, or is."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(module: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            base = node.module or ""
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def rooms_used(module: Path) -> Iterator[tuple[int, str]]:
    for line, name in imports(module):
        top, _, rest = name.partition(".")
        if top == "voiceagent" and rest:
            yield line, rest.split(".")[0]


def test_every_module_has_its_place_in_the_order() -> None:
    rooms = {room(module) for module in MODULES} - {"__init__"}
    assert rooms <= STOREY.keys(), f"not in ORDER: {rooms - STOREY.keys()}"
    assert len(rooms) > 10


@pytest.mark.parametrize("name", sorted({room(module) for module in MODULES} - {"__init__"}))
def test_no_room_imports_a_later_one(name: str) -> None:
    upward = [
        f"{module.relative_to(PACKAGE)}:{line}: {used}"
        for module in MODULES
        if room(module) == name
        for line, used in rooms_used(module)
        if STOREY[used] > STOREY[name]
    ]
    assert upward == []


def test_the_sip_library_is_used_in_telephony_and_nowhere_else() -> None:
    users = {
        room(module)
        for module in MODULES
        for _, name in imports(module)
        if name.split(".")[0] == "pjsua2"
    }
    assert "telephony" in users
    assert users <= {"telephony", "simulation"}


def test_the_rules_of_a_call_know_no_clock_no_loop_and_no_network() -> None:
    pure = (
        "speech/turntaking.py",
        "escalation/policy.py",
        "escalation/temper.py",
        "telephony/transfer.py",
        "handoff/queueing.py",
    )
    shell = {"asyncio", "time", "socket", "threading", "pjsua2", "httpx", "datetime"}
    for path in pure:
        used = {name.split(".")[0] for _, name in imports(PACKAGE / path)}
        assert not used & shell, path


def test_no_file_is_longer_than_500_lines() -> None:
    long = {
        str(module.relative_to(PACKAGE)): count
        for module in MODULES
        if (count := len(module.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}
