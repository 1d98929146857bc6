"""`voiceagent check`: can this machine answer the telephone?"""

from __future__ import annotations

import asyncio
import difflib
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import aiomqtt
import click

from voiceagent import logs
from voiceagent.cli.options import settings_option
from voiceagent.config import Config, ConfigError, Log, load
from voiceagent.dialogue.loader import DialplanError, load as load_dialplan
from voiceagent.dialogue.plan import Dialplan
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.tongues import others
from voiceagent.learning.policies import PolicyError
from voiceagent.learning.versions import VersionError, Versions
from voiceagent.speech.client import SpeechClient, SpeechError
from voiceagent.speech.languages import for_language, language_problems, voice_settings
from voiceagent.speech.models import EMBEDDING_MODEL, ModelError, locate
from voiceagent.supervision.address import Address, split_address
from voiceagent.supervision.webhook import key
from voiceagent.telephony.useragent import TelephonyError, UserAgent

_REGISTER_S = 5.0
_CONNECT_S = 5.0

Finding = tuple[str, str]
"""What was looked at, and what is to be done; empty when all is well."""


@click.command()
@settings_option()
def check(settings: Path) -> None:
    """Check settings, dialplan, models, ports, registrar and broker; exit 1 if one fails."""
    logs.configure(Log(level="error"))  # what would be warned of is in the findings
    failed = False
    for what, problem in findings(settings):
        failed = failed or bool(problem)
        mark = click.style("✗", fg="red") if problem else click.style("✓", fg="green")
        first, *more = problem.splitlines() or ["ok"]
        click.echo(f"{mark} {what}: {first}")
        for line in more:
            click.echo(f"    {line}")
    if failed:
        sys.exit(1)


def findings(path: Path) -> Iterator[Finding]:
    """Each thing looked at, as soon as it was."""
    try:
        config = load(path)
    except ConfigError as error:
        yield f"settings {path}", str(error)
        return
    yield f"settings {path}", ""
    problem = _problem(lambda: load_dialplan(config.dialplan), DialplanError)
    yield f"dialplan {config.dialplan}", problem
    if not problem:
        plan = load_dialplan(config.dialplan)
        config = for_language(config, plan.language)
        yield from _what_the_dialplan_needs(config, plan)
    for name, sha256 in _models(config):
        yield f"model {name}", _problem(partial(locate, name, sha256), ModelError)
    if not config.speech.start:
        yield "speech service", asyncio.run(_speech(config))
    yield from _telephony(config)
    yield from _bus_and_web(config)
    folder = config.records.path.parent
    problem = "" if folder.is_dir() else f"folder {folder} does not exist: make it"
    yield f"records {config.records.path}", problem


def _what_the_dialplan_needs(config: Config, plan: Dialplan) -> Iterator[Finding]:
    wrong = language_problems(config.speech, plan.language, plan.voice)
    yield f"language {plan.language}", "\n".join(wrong)
    versions = Versions(config.learning.policies, plan.escalation)
    yield (
        f"policy {versions.folder}",
        _problem(lambda: versions.limits(versions.in_use()), PolicyError, VersionError),
    )
    yield "handover targets", _targets(config, plan)
    people = Staff.of(config, plan).roster.members
    yield "languages of people", _problem(lambda: others(config, plan, people), ConfigError)


def _telephony(config: Config) -> Iterator[Finding]:
    taken = _udp_port(config)
    yield f"SIP port {config.sip.address}:{config.sip.port}", taken
    if config.sip.registrar and taken:
        problem = "not tried: a running agent would lose its registration to this check"
        yield f"registrar {config.sip.registrar}", problem
    elif config.sip.registrar:
        yield f"registrar {config.sip.registrar}", asyncio.run(_registrar(config))
    else:
        yield "IP trunk", "" if config.sip.allow else "sip.allow is empty: nobody may call"


def _bus_and_web(config: Config) -> Iterator[Finding]:
    if config.mqtt.url:
        yield "broker", asyncio.run(_broker(config))
    else:
        yield f"embedded broker {config.mqtt.embedded_address}", _broker_port(config)
    if config.web.port is not None:
        taken = _tcp_port(config.web.host, config.web.port, "web.host and web.port")
        yield f"web server {config.web.host}:{config.web.port}", taken
    if config.webhook.url:
        yield f"webhook {config.webhook.url}", _problem(lambda: key(config.webhook), ConfigError)


def _problem(work: Callable[[], object], *errors: type[Exception]) -> str:
    try:
        work()
    except errors as error:
        return str(error)
    return ""


def _targets(config: Config, plan: Dialplan) -> str:
    """Extensions can only be dialled in a domain, and topics are the dialplan's."""
    wrong = []
    known = {*plan.topics, *plan.targets, *config.handover.targets}
    for section, entries in (("people", config.people), ("groups", config.groups)):
        for at, entry in enumerate(entries):
            wrong += [
                f"{section}.{at}.topics: the dialplan has no topic {topic!r}{_mean(topic, known)}"
                for topic in entry.topics
                if topic not in known
            ]
    if config.sip.dial_domain or config.sip.registrar:
        return "\n".join(wrong)
    for member in Staff.of(config, plan).roster.everybody():
        if not member.target.startswith(("sip:", "sips:")):
            mend = "set sip.dial_domain, or write a whole SIP URI"
            wrong.append(f"{member.target} is an extension: {mend}")
            break
    return "\n".join(wrong)


def _mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {near[0]}?" if near else ": take it out or add it there"


def _models(config: Config) -> list[tuple[str, str]]:
    """Names of the models to be loaded, each with the hash that the settings give."""
    speech = config.speech
    if not speech.start:
        return []
    recognizer = speech.vosk_model if speech.by_vosk else speech.whisper_model
    models = [(EMBEDDING_MODEL, "")]
    if not speech.recognizer:
        models.append((recognizer, ""))
    if not speech.synthesizer:
        voice = voice_settings(speech, speech.voice)
        models.append((voice.model, voice.sha256))
    return models


async def _speech(config: Config) -> str:
    try:
        await SpeechClient(config).ping()
    except (ConfigError, SpeechError) as error:
        return f"{error}: start the line whose service it is, or see speech.address"
    return ""


def _udp_port(config: Config) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((config.sip.address, config.sip.port))
        except OSError as error:
            return f"{error.strerror}: is an agent running? Else see sip.address and sip.port"
    return ""


def _broker_port(config: Config) -> str:
    try:
        host, port = split_address(config.mqtt.embedded_address)
    except ConfigError as error:
        return str(error)
    return _tcp_port(host, port, "mqtt.embedded_address")


def _tcp_port(host: str, port: int, settings: str) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"{error.strerror}: is an agent running? Else see {settings}"
    return ""


async def _registrar(config: Config) -> str:
    """Register, and take it back."""
    settings = config.sip.model_copy(update={"port": 0, "trace": None})
    agent = UserAgent(settings, lambda leg: None)
    try:
        await agent.start()
    except TelephonyError as error:
        return str(error)
    try:
        async with asyncio.timeout(_REGISTER_S):
            await agent.registrar_answered.wait()
    except TimeoutError:
        return (
            f"no answer within {_REGISTER_S:.0f} s: see sip.registrar; "
            "the PBX must be reachable from here by UDP"
        )
    else:
        return _registrar_said(agent.registration)
    finally:
        await agent.stop()


def _registrar_said(answer: str) -> str:
    if answer.startswith("2"):
        return ""
    if answer.startswith(("401", "403", "407")):
        return (
            f"{answer}: the PBX does not accept this user and password: "
            "see sip.user, sip.auth_user and sip.password"
        )
    return f"{answer}: see sip.registrar and sip.user"


async def _broker(config: Config) -> str:
    try:
        address = Address.of(config.mqtt)
        async with asyncio.timeout(_CONNECT_S), address.client("check"):
            return ""
    except (ConfigError, aiomqtt.MqttError, OSError, TimeoutError) as error:
        return f"{error or 'no answer'}: see mqtt.url"
