"""A real Asterisk on loopback, of its own for every run, set up by a clone alone.

It runs the very configuration that users get, deploy/asterisk, with phones for the tests added
by tests/pbx/conf. ``python tests/pbx/asterisk.py`` runs one by hand until Ctrl-C.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import wave
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from unpack import NotDebian, loader, unpack

HERE = Path(__file__).resolve().parent
DEPLOY = HERE.parent.parent / "deploy" / "asterisk"
CACHE = Path(os.environ.get("VOICEAGENT_PBX_CACHE", HERE / "cache")).resolve()
PEOPLE = ("6001", "6002", "6003")
CALLERS = ("caller", "caller2")
HOLD_TONE_HZ = 300
_NOT_FOR_16 = (
    "adduser", "asterisk-core-sounds-en-gsm", "debconf", "dpkg", "freetds-common", "gnupg",
    "libsnmp40", "lsb-base", "passwd", "pci.ids", "perl-base", "tar", "tzdata",
)  # fmt: skip
_UNUSED = "acl ccss cdr cel cli codecs features http manager pjproject sorcery stasis udptl"


class Account(NamedTuple):
    """What a phone needs to register."""

    user: str
    password: str


class Asterisk:
    """One Asterisk on 127.0.0.1, with ports, settings and a short-lived run folder of its own.

    Who is there (transport UDP, digest authentication):

    ==================  ========================================================================
    1000                rings the agent that has registered as `agent`
    1001                rings the agent as an unregistered IP trunk: whatever listens at
                        `trunk_host`:`trunk_port` (127.0.0.2); its requests need no password
    6001, 6002, 6003    people's phones, once registered as `people["6001"]`, ...
    caller, caller2     callers' phones, once registered as `callers["caller"]`, ...
    9999                an echo
    ==================  ========================================================================

    Phones may dial all of these; the agent only people. On the agent's calls to people, the
    headers User-to-User and X-VoiceAgent-* are passed on. A caller held by the agent hears a
    tone of `HOLD_TONE_HZ` (300 Hz), to be told from silence and from a voice. Media always go
    through Asterisk.

    Use as a context manager; `log` outlives it.
    """

    agent = Account("voiceagent", "voiceagent-secret")
    people: ClassVar[dict[str, Account]] = {
        name: Account(name, f"{name}-secret") for name in PEOPLE
    }
    callers: ClassVar[dict[str, Account]] = {
        name: Account(name, f"{name}-secret") for name in CALLERS
    }
    sip_host = "127.0.0.1"
    trunk_host = "127.0.0.2"

    def __init__(self, root: Path, log_folder: Path, rtp_ports: int = 200) -> None:
        self.sip_port = free_udp_ports(self.sip_host, 1)
        """UDP port of Asterisk itself."""
        self.trunk_port = free_udp_ports(self.trunk_host, 1)
        """UDP port where the agent as IP trunk must listen, at `trunk_host`."""
        self.log = log_folder / "asterisk.log"
        """Everything Asterisk said, with the dialplan's steps."""
        self._root = root
        self._rtp_port = free_udp_ports(self.sip_host, rtp_ports)
        self._rtp_last = self._rtp_port + rtp_ports - 1
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def domain(self) -> str:
        """Host and port, as in ``sip:6001@{domain}``."""
        return f"{self.sip_host}:{self.sip_port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def cli(self, command: str) -> str:
        """What Asterisk's console answers to a command."""
        done = subprocess.run([*self._command, "-rx", command], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"Asterisk's console: {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def registered(self, user: str) -> bool:
        """Whether somebody is registered as this user."""
        lines = self.cli(f"pjsip show aor {user}").splitlines()
        return any(line.lstrip().startswith(f"Contact:  {user}/") for line in lines)

    def channels(self) -> int:
        """How many call legs there are at this moment."""
        count = self.cli("core show channels count").split(" active channel")[0]
        return int(count.split()[-1])

    def end_calls(self, timeout_s: float = 20.0) -> None:
        """Hang up whatever is left; so that a call that one test lost does not fail the others.

        Raises:
            TimeoutError: a call stays.
        """
        self.cli("channel request hangup all")
        deadline = time.monotonic() + timeout_s
        while self.channels():
            if time.monotonic() > deadline:
                raise TimeoutError(f"calls stay: {self.cli('core show channels')}")
            time.sleep(0.05)

    def ring_for(self, seconds: int | None) -> None:
        """How long the agent's calls to people ring at most; None means 30 s, the default."""
        value = "" if seconds is None else str(seconds)
        self.cli(f'dialplan set global VOICEAGENT_RING_S "{value}"')

    def __enter__(self) -> Self:
        self._run = Path(tempfile.mkdtemp(prefix="pbx-", dir="/tmp"))  # a socket's path is short
        self._command = [*loader(self._root), f"{self._root}/usr/sbin/asterisk"]
        self._command += ["-C", f"{self._run}/etc/asterisk.conf"]
        self._render()
        # setpriv: even a killed test run leaves no Asterisk behind
        with (self.log.parent / "output").open("wb") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self._command, "-f", "-q"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        with ExitStack() as on_failure:
            on_failure.callback(self.__exit__)
            self._wait_until_booted(20)
            on_failure.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._run, ignore_errors=True)

    def _wait_until_booted(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            if (self._run / "asterisk.ctl").exists():
                done = subprocess.run(
                    [*self._command, "-rx", "core waitfullybooted"], capture_output=True
                )
                if b"fully booted" in done.stdout:
                    return
            time.sleep(0.05)
        said = (self.log.parent / "output").read_text() + (
            self.log.read_text() if self.log.exists() else ""
        )
        raise RuntimeError(f"Asterisk did not start:\n{said[-3000:]}")

    def _render(self) -> None:
        """Write the configuration: the tests' own files, and the users' with example values
        replaced by this run's."""
        etc = self._run / "etc"
        for folder in (etc, self._run / "lib", self._run / "spool", self._run / "moh"):
            folder.mkdir()
        for name in _UNUSED.split():
            (etc / f"{name}.conf").touch()  # absent files would be warned of
        modules = next(self._root.glob("usr/lib/**/asterisk/modules"))
        tests = {
            "@ROOT@": self._root, "@RUN@": self._run, "@LOG@": self.log.parent,
            "@MODULES@": modules, "@SIP_HOST@": self.sip_host, "@SIP_PORT@": self.sip_port,
            "@RTP_FIRST@": self._rtp_port, "@RTP_LAST@": self._rtp_last,
            "@PHONES@": "\n".join(map(_phone, [*self.people.values(), *self.callers.values()])),
        }  # fmt: skip
        copy(HERE / "conf", etc, tests)
        users = {
            "change-me": self.agent.password,
            "sip:192.0.2.10:5060": f"sip:{self.trunk_host}:{self.trunk_port}",
            "match=192.0.2.10": f"match={self.trunk_host}",
            "qualify_frequency=30": "qualify_frequency=0",  # tests start and stop agents at will
            "rtp_timeout=10": "rtp_timeout=2",
            "rtp_timeout_hold=10": "rtp_timeout_hold=2",
            "Dial(PJSIP/6001,60)": "Dial(PJSIP/6003,60)",
            "/var/lib/asterisk/moh": self._run / "moh",
        }
        copy(DEPLOY, etc, users)
        _write_tone(self._run / "moh" / "tone.wav")


def install(version: int = 22) -> Path:
    """Unpack Asterisk into the cache, once; return the root of its tree.

    Args:
        version: 22 for whatever is the newest, or 16 for that of Debian 11.

    Raises:
        NotDebian: it cannot be had on this machine.
    """
    if version == 16:
        return unpack(CACHE / "asterisk16", "bullseye", ("asterisk",), without=_NOT_FOR_16)
    return unpack(CACHE, "sid", ("asterisk", "asterisk-core-sounds-en-gsm"))


def _phone(account: Account) -> str:
    user, password = account
    return f"""
[{user}](phone)
aors={user}
auth={user}
[{user}](phone-auth)
username={user}
password={password}
[{user}](phone-aor)
"""


def copy(source: Path, target: Path, values: dict[str, object], files: str = "*.conf") -> None:
    """Copy files of a folder, replacing each key, which must be found in one of them."""
    unused = set(values)
    for path in source.glob(files):
        text = path.read_text(encoding="utf-8")
        unused -= {key for key in values if key in text}
        for key, value in values.items():
            text = text.replace(key, str(value))
        (target / path.name).write_text(text, encoding="utf-8")
    if unused:
        raise ValueError(f"{source}: nowhere found: {', '.join(sorted(unused))}")


def _write_tone(path: Path) -> None:
    step = 2 * math.pi * HOLD_TONE_HZ / 8000
    samples = [int(6000 * math.sin(step * n)) for n in range(10 * 8000)]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, len(samples), "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def free_udp_ports(host: str, count: int) -> int:
    """The first of `count` free ports in a row, below those that the system gives away itself."""
    for _ in range(100):
        first = random.randrange(10000, 32000 - count, 2)
        with ExitStack() as opened:
            try:
                for port in range(first, first + count):
                    opened.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind((host, port))
            except OSError:
                continue
            return first
    raise RuntimeError(f"no {count} free UDP ports in a row at {host}")


def main() -> int:
    try:
        root = install()
    except NotDebian as reason:
        print(f"Asterisk: {reason}")
        return 1
    with tempfile.TemporaryDirectory() as log, Asterisk(root, Path(log)) as pbx:
        print(f"{pbx.cli('core show version').strip()}\nsip:{pbx.domain}, log {pbx.log}")
        print(f"the agent as a trunk is expected at {pbx.trunk_host}:{pbx.trunk_port}")
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
