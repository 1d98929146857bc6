"""The settings of one machine: a TOML file, every wrong line named with its mend.

Each field's docstring is its documentation: `voiceagent config` prints them all. Relative
paths are taken from the folder of the file. A secret can be kept out of the file: any setting
can come from the environment as ``VOICEAGENT_<SECTION>__<FIELD>``, lists and tables as JSON.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic.functional_validators import AfterValidator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from voiceagent.hooks import Webhook
from voiceagent.people import Group, Person, Routing, Waiting, problems
from voiceagent.section import Section
from voiceagent.websettings import Desk, Text, Web


class ConfigError(Exception):
    """The configuration cannot be used; the text names each setting and its mend."""


def _sip_uri(value: str) -> str:
    if not value.startswith(("sip:", "sips:")):
        raise ValueError("a SIP URI starts with sip:, such as sip:pbx.example.com")
    return value


SipUri = Annotated[str, AfterValidator(_sip_uri)]
Port = Annotated[int, Field(ge=0, le=65535)]
_Model = TypeVar("_Model", bound=BaseModel)
_ENVIRONMENT = "VOICEAGENT_"


class Sip(Section):
    """How the agent is reached by SIP."""

    address: str = "0.0.0.0"
    """Local IP address to listen on."""
    port: Port = 5060
    """Local UDP port; 0 takes a free one."""
    public_address: str = ""
    """Address to write into Contact and SDP when it differs from `address` (NAT)."""
    registrar: SipUri | None = None
    """Register with this PBX, such as "sip:pbx.example.com"; leave out for an IP trunk."""
    user: str = "voiceagent"
    """User part of the agent's address of record."""
    auth_user: str = ""
    """Digest user name where it differs from `user`."""
    password: str = ""
    """Digest password; better set as VOICEAGENT_SIP__PASSWORD."""
    expires_s: Annotated[int, Field(ge=30)] = 300
    """Registration interval in seconds."""
    proxy: SipUri | None = None
    """Outbound proxy, where the PBX wants one."""
    dial_domain: str = ""
    """Host (and port) for targets written as plain extensions, such as "pbx.example.com:5060".
    Taken from `registrar` when left out."""
    allow: tuple[str, ...] = ("127.0.0.0/8",)
    """Networks that INVITEs may come from; all others get 403. A registrar given by address is
    always allowed. [] allows nobody, ["0.0.0.0/0"] everybody."""
    customer_header: str = ""
    """Header of the INVITE that says what the company knows the customer by, such as
    "X-Customer-Id"; the PBX must take it from nobody else. Left out: none does."""
    codecs: tuple[Literal["PCMU", "PCMA", "G722"], ...] = ("PCMU", "PCMA")
    """Codecs to offer, best first."""
    rtp_port_min: Annotated[int, Field(ge=1024, le=65000)] = 16384
    """First UDP port for RTP."""
    rtp_port_count: Annotated[int, Field(ge=20)] = 400
    """How many UDP ports RTP may take from `rtp_port_min` up."""
    max_callers: Annotated[int, Field(ge=1)] | None = None
    """Callers admitted at once; left out: what the SIP library allows, less a leg kept free."""
    retry_after_s: Annotated[int, Field(ge=1)] = 10
    """Retry-After of the 503 that further callers get."""
    session_expires_s: Annotated[int, Field(ge=90)] = 1800
    """Session-Expires (RFC 4028), used when the other side can."""
    trace: Path | None = None
    """Write every SIP message to this file. It holds personal data: for fault-finding only."""

    @field_validator("allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(f"{error}: write 192.0.2.0/24 or 192.0.2.1") from error
        return value


class Voice(Section):
    """A voice that a dialplan can name."""

    model: str = "joe-us"
    """Name of a voice in models/registry.toml, or the path of a Piper .onnx file with its
    .onnx.json beside it."""
    sha256: str = ""
    """SHA-256 of the .onnx file, for one given by its path: another file is refused."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """How fast it speaks; 1.1 is a tenth faster."""
    pitch: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """How high it speaks; 1.1 is a tenth higher."""
    speaker: Annotated[int, Field(ge=0)] | None = None
    """Number of the speaker, for a model with several."""


class SpeechOfLanguage(Section):
    """What a language has of its own; what is left out is as in [speech]."""

    recognizer: str | None = None
    """As `speech.recognizer`; "" for the own service."""
    synthesizer: str | None = None
    """As `speech.synthesizer`; "" for the own service."""
    engine: Literal["whisper", "vosk"] | None = None
    """As `speech.engine`."""
    whisper_model: str | None = None
    """As `speech.whisper_model`."""
    small_model: str | None = None
    """As `speech.small_model`."""
    vosk_model: str | None = None
    """As `speech.vosk_model`."""
    voice: str | None = None
    """As `speech.voice`."""


class Speech(Section):
    """Who recognises and who speaks. Every address is a Wyoming service."""

    address: str = ""
    """Where the own speech service listens, "unix:/path" or "tcp:host:port". Left out: a
    socket in the run folder."""
    start: bool = True
    """Start the own speech service; false when another line's already listens at `address`:
    the models are then in memory once for all lines."""
    recognizer: str = ""
    """Address of another Wyoming service for recognition; left out: the own one."""
    synthesizer: str = ""
    """Address of another Wyoming service for synthesis; left out: the own one."""
    engine: Literal["whisper", "vosk"] | None = None
    """Recogniser of the own service. Left out: vosk if `vosk_model` is set, else whisper."""
    whisper_model: str = "whisper-base"
    """Name of a model in models/registry.toml, or the folder of a CTranslate2 Whisper model."""
    small_model: str = "whisper-tiny-en"
    """A faster Whisper model that takes over while utterances would wait longer than half a
    second, and leaves when the queue is gone; "" for none. It takes about 130 MB."""
    vosk_model: str = ""
    """Name of a model in models/registry.toml, or the folder of a Vosk model."""
    voice: str = "joe-us"
    """Name of a voice below or in models/registry.toml, or the path of a Piper .onnx file."""
    voices: dict[str, Voice] = Field(default_factory=dict)
    """Voices by name, each a table [speech.voices.NAME] with `model`, `sha256`, `speed`, `pitch`
    and `speaker`."""
    languages: dict[str, SpeechOfLanguage] = Field(default_factory=dict)
    """By language code: who recognises and speaks it, each a table [speech.languages.de] with
    any of `recognizer`, `synthesizer`, `engine`, `whisper_model`, `small_model`, `vosk_model`
    and `voice`. The dialplan's `language` chooses."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Utterances recognised at once, each on a thread of its own."""

    @property
    def by_vosk(self) -> bool:
        """Whether the own service recognises with Vosk."""
        return self.engine == "vosk" or (self.engine is None and bool(self.vosk_model))


class Turns(Section):
    """Turn-taking, in milliseconds and seconds. A dialplan's step may say otherwise."""

    decode_after_ms: Annotated[int, Field(ge=20, le=2000)] = 40
    """Silence after which recognition begins; thrown away when speech goes on."""
    end_silence_ms: Annotated[int, Field(ge=100, le=5000)] = 1300
    """Silence that ends a turn when it is not known whether there is more to come."""
    end_silence_whole_ms: Annotated[int, Field(ge=100, le=5000)] = 300
    """Silence that ends a turn whose words are a whole answer to what was asked, or a question that
    was surely heard to its end."""
    end_silence_statement_ms: Annotated[int, Field(ge=100, le=5000)] = 440
    """Silence that ends a turn whose words seem to be all, such as a sentence that was surely heard
    to its end; "please" may still come."""
    end_silence_unfinished_ms: Annotated[int, Field(ge=100, le=10000)] = 1500
    """Silence that ends a turn whose words are plainly unfinished."""
    max_turn_s: Annotated[float, Field(ge=2, le=120)] = 30.0
    """A turn longer than this is ended."""
    no_input_s: Annotated[float, Field(ge=1, le=120)] = 7.0
    """Silence after the agent's question until it asks again."""
    barge_in_ms: Annotated[int, Field(ge=40, le=2000)] = 80
    """Loud speech that stops the agent."""


Way = Literal["attended", "bridged", "conference", "blind"]
Key = Annotated[str, Field(pattern=r"^[0-9A-D*#]?$")]


class Handover(Section):
    """How a caller gets to a person."""

    way: Way = "attended"
    """"attended": the person is called and briefed, then the PBX connects both (REFER with
    Replaces). "bridged": the agent connects both itself and stays in the path. "conference":
    bridged, until the agent has introduced both to each other, then as attended. "blind": the PBX
    calls the person, unasked and unbriefed; a caller may be lost."""
    ways: dict[str, Way] = Field(default_factory=dict)
    """By target, where it is another than `way`: `"6001" = "bridged"`."""
    accept: Literal["answer", "key", "speech"] = "answer"
    """How a person takes the call: by answering the phone, by `accept_key`, or by saying yes
    after the briefing. With the last two a voicemail is never taken for a person."""
    accept_s: Annotated[float, Field(ge=1, le=60)] = 8.0
    """How long after the briefing they may take over it until the next target is tried."""
    accept_key: Key = "1"
    """Key that takes the call, also during the briefing, however calls are taken."""
    decline_key: Key = "2"
    """Key that declines it, so that the next target is tried; "" for none."""
    return_key: Key = "*"
    """Key with which a person whose call is bridged gives the caller back; "" for none."""
    note_s: Annotated[float, Field(ge=0, le=120)] = 20.0
    """How long a person who gives the caller back may take to say what was agreed; 0 asks none."""
    announcement_s: Annotated[float, Field(ge=0, le=30)] = 5.0
    """Speech without a pause, while the briefing is spoken, after which whoever answered counts
    as an announcement, where answering is taking the call; 0 for never."""
    refer_to: Literal["address", "contact"] = "address"
    """What Refer-To names: the address that was called, or the Contact of who answered."""
    refer_context: bool = False
    """Put User-to-User into Refer-To as well: for peers that follow a REFER themselves."""
    assume_replaces: bool = False
    """Send REFER with Replaces also to a caller's side that does not announce `replaces` in
    Supported. Otherwise the agent joins both itself there, as if `way` were "bridged"."""
    ring_s: Annotated[float, Field(ge=1, le=300)] = 20.0
    """How long a person's phone rings before the next target is tried."""
    refer_s: Annotated[float, Field(ge=1, le=120)] = 8.0
    """How long the REFER may take until the transfer counts as failed."""
    push_s: Annotated[float, Field(ge=0, le=10)] = 1.0
    """How long the context may take to reach the broker, and the webhook if it was well the last
    time, before the phone is called anyway."""
    briefing: bool = True
    """Speak a short briefing to the person before the caller is connected."""
    wording: Path | None = None
    """Folder with what people are told in further languages, a file for each, such as fr.yaml:
    voiceagent/dialogue/notes/en.yaml in that language. Left out: English and German."""
    music: Path | None = None
    """WAV file played to a held caller (8 kHz or more, mono); left out: a soft built-in tune."""
    targets: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Targets by topic, first tried first: extensions, SIP URIs, or names of people and groups.
    They take the place of the dialplan's targets for that topic."""

    @model_validator(mode="after")
    def _can_be_accepted(self) -> Self:
        if self.accept != "answer" and not self.briefing:
            raise ValueError(f'accept = "{self.accept}" needs briefing = true')
        if self.accept == "key" and not self.accept_key:
            raise ValueError('accept = "key" needs an accept_key')
        return self


class Mqtt(Section):
    """The bus."""

    url: str = ""
    """Broker as mqtt://user:password@host:1883 or mqtts://…; left out: the embedded broker."""
    embedded_address: str = "127.0.0.1:1883"
    """Where the embedded broker listens; port 0 takes a free one."""
    ca_file: Path | None = None
    """CA certificate for mqtts."""
    topic_root: str = "voiceagent/v1"
    """First levels of every topic."""


class Records(Section):
    """What is kept."""

    path: Path = Path("voiceagent.db")
    """SQLite file of all events."""
    recordings: Path | None = None
    """Folder for two-channel recordings (left caller, right agent); left out: none are made."""


class Learning(Section):
    """What is learned from marks."""

    policies: Path = Path("policies")
    """Folder of the versions of the policy that `voiceagent learn` keeps, and of which is in use;
    while there is none, the dialplan's own section is."""


class Review(Section):
    """What is flagged for a security review (`caller.flagged`); nothing is ever blocked."""

    window_min: Annotated[float, Field(gt=0, le=1440)] = 30.0
    """Minutes within which things are counted."""
    many_calls: Annotated[int, Field(ge=2)] = 6
    """Calls from one number."""
    failed_checks: Annotated[int, Field(ge=1)] = 4
    """Identity checks that failed, over all calls of a number: look-ups with `identity_check` that
    found nothing."""
    tried_values: Annotated[int, Field(ge=2)] = 6
    """Different values given for one slot, over all calls of a number."""


class Log(Section):
    """What is logged. No caller's words below debug."""

    format: Literal["console", "json"] = "console"
    """Lines for people or JSON for machines."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""


class Config(BaseSettings):
    """All settings of one machine."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=_ENVIRONMENT,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
    )

    dialplan: Path
    """The dialplan that answers, a YAML file."""
    line: str = "line-1"
    """Name of this line on the bus and in the record."""
    run_dir: Path = Path("run")
    """Folder for sockets and other files of the running processes."""
    drain_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """After SIGTERM: how long calls may go on by themselves, and again how long handing over
    the rest may take: announcement, ringing at every target, and briefing. Then they end."""
    sip: Sip = Sip()
    speech: Speech = Speech()
    turns: Turns = Turns()
    handover: Handover = Handover()
    people: tuple[Person, ...] = ()
    """Who can be called, each a table [[people]]; see docs/routing.md."""
    groups: tuple[Group, ...] = ()
    """Groups of them, each a table [[groups]]."""
    routing: Routing = Routing()
    waiting: Waiting = Waiting()
    mqtt: Mqtt = Mqtt()
    webhook: Webhook = Webhook()
    web: Web = Web()
    text: Text = Text()
    desk: Desk = Desk()
    records: Records = Records()
    learning: Learning = Learning()
    review: Review = Review()
    log: Log = Log()

    @model_validator(mode="after")
    def _people_fit_together(self) -> Self:
        targets = (name for own in self.handover.targets.values() for name in own)
        if wrong := list(problems(self.people, self.groups, targets)):
            raise ValueError("\n".join(wrong))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return EnvSettingsSource(settings_cls), init_settings


def load(path: Path) -> Config:
    """Read the settings from a TOML file.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has a wrong or unknown setting;
            the text has a line for each, with its mend.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    try:
        return _anchored(Config(**values), path.resolve().parent)
    except ValidationError as error:
        lines = [
            line
            for item in error.errors()
            for line in _mends(path, item["loc"], item["msg"], item["type"])
        ]
        raise ConfigError("\n".join(lines)) from error
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}: lists and tables are written as JSON there, "
            f"such as {_ENVIRONMENT}SIP__ALLOW='[\"192.0.2.0/24\"]'"
        ) from error


def _anchored(model: _Model, folder: Path) -> _Model:
    """The same settings with each relative path taken from `folder`."""
    update: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Path):
            update[name] = Path(os.path.normpath(folder / value))
        elif isinstance(value, BaseModel):
            update[name] = _anchored(value, folder)
    return model.model_copy(update=update)


_KINDS = {
    "tuple_type": 'has to be a list, such as ["6001", "6002"]',
    "model_type": "has to be a table of settings",
    "dict_type": "has to be a table of settings",
    "string_type": "has to be text in quotes",
    "path_type": "has to be a path in quotes",
}


def _mends(path: Path, loc: tuple[int | str, ...], message: str, kind: str) -> list[str]:
    if not loc:  # between several settings, which the message names line by line
        return [f"{path}: {line}" for line in message.removeprefix("Value error, ").splitlines()]
    return [_mend(path, loc, message, kind)]


def _mend(path: Path, loc: tuple[int | str, ...], message: str, kind: str) -> str:
    variable = _ENVIRONMENT + "__".join(str(part) for part in loc).upper()
    source = f"environment variable {variable}" if variable in os.environ else str(path)
    where = f"{source}: {'.'.join(str(part) for part in loc)}"
    if kind == "extra_forbidden":
        return f"{where}: no such setting{_nearest(loc)}"
    if kind == "missing":
        return f"{where}: is missing: set it"
    return f"{where}: {_KINDS.get(kind) or message.removeprefix('Value error, ')}"


def _nearest(loc: tuple[int | str, ...]) -> str:
    model: Any = Config
    for part in loc[:-1]:
        if isinstance(part, int):
            continue  # one of a list, whose kind is known already
        field = model.model_fields.get(part)
        model = field.annotation if field else None
        if get_origin(model) is tuple:
            model = get_args(model)[0]
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return ": take it out"
    near = difflib.get_close_matches(str(loc[-1]), model.model_fields, n=1)
    return f": did you mean {near[0]}?" if near else ": take it out"
