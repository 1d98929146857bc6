"""The settings: what is wrong is named with its mend, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from voiceagent.cli.config import show_config
from voiceagent.config import Config, ConfigError, load

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a settings file that has a dialplan and what else is given."""

    def write(text: str) -> Path:
        path = tmp_path / "agent.toml"
        path.write_text(f'dialplan = "shop.yaml"\n{text}')
        return path

    return write


GROUP = "[[groups]]\nname = 'billing'\n"


def person(line: str = "") -> str:
    """Somebody in the settings, with a line of their own."""
    return f"[[people]]\nname = 'anna'\ntarget = '6001'\n{line}\n"


def complaint(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_a_dialplan_is_all_that_must_be_set(write: Write) -> None:
    config = load(write(""))
    assert config.sip.port == 5060
    assert config.mqtt.url == ""


def test_a_dialplan_must_be_set(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("")
    assert "dialplan: is missing: set it" in complaint(path)


@pytest.mark.parametrize(
    ("text", "setting", "mend"),
    [
        ("[sip]\nadress = '1.2.3.4'", "sip.adress", "did you mean address?"),
        ("[spi]\nport = 5060", "spi", "did you mean sip?"),
        ("colour = 'red'", "colour", "take it out"),
        ("[handover.music]\nfile = 'x.wav'", "handover.music", "path in quotes"),
        ("[sip]\nport = 70000", "sip.port", "less than or equal to 65535"),
        ("[sip]\nport = 'high'", "sip.port", "valid integer"),
        ("[sip]\nregistrar = 'pbx.example.com'", "sip.registrar", "starts with sip:"),
        ("[sip]\nallow = ['my network']", "sip.allow", "write 192.0.2.0/24"),
        ("[sip]\nallow = '10.0.0.0/8'", "sip.allow", "has to be a list"),
        ("[sip]\ncodecs = ['OPUS']", "sip.codecs.0", "'PCMU', 'PCMA' or 'G722'"),
        ("[sip]\nuser = 7", "sip.user", "text in quotes"),
        ("sip = 5060", "sip", "table of settings"),
        ("[webhook]\nevents = ['handovr.*']", "webhook.events.0", "no event 'handovr.*'"),
        ("[webhook]\nevents = ['call.endet']", "webhook.events.0", "did you mean 'call.ended'?"),
        ("[webhook]\nurl = 'crm.example.com'", "webhook.url", "starts with https://"),
        ("[webhook]\nsecret = 'a'\nsecret_file = 'b'", "webhook", "take one out"),
        ("[turns]\nno_input_s = 0", "turns.no_input_s", "greater than or equal to 1"),
        ("[handover.targets]\ngeneral = '6001'", "handover.targets.general", "has to be a list"),
        ("[log]\nlevel = 'loud'", "log.level", "'debug', 'info', 'warning' or 'error'"),
        ("[speech]\nengine = 'magic'", "speech.engine", "'whisper' or 'vosk'"),
        ("people = '6001'", "people", "has to be a list"),
        (person("hours = ['9 to 5']"), "people.0.hours.0", 'write such as "Mon-Fri 09:00-17:00"'),
        (person("hours = [9]"), "people.0.hours.0", "text in quotes"),
        (person("holidays = ['1.5.']"), "people.0.holidays.0", "write 2026-12-25"),
        (person("time_zone = 'Europe/Berln'"), "people.0.time_zone", "mean Europe/Berlin?"),
        (person("skils = []"), "people.0.skils", "take it out"),
        (person("topic = ['billing']"), "people.0.topic", "did you mean topics?"),
        (person("languages = ['English']"), "people.0.languages.0", "match pattern"),
        (person("presence = 'magic'"), "people.0.presence", "'none', 'options' or 'dialog'"),
        (person("groups = ['biling']") + GROUP, "people.0.groups.0", "did you mean billing?"),
        (person("groups = ['biling']"), "people.0.groups.0", "add it as [[groups]]"),
        (person() + person(), "people.1.name", "rename one of them"),
        ("[[people]]\nname = 'anna'\ntarget = '60 01'", "people.0.target", "sip:desk@"),
        ("[[people]]\nname = 'anna b.'\ntarget = '6001'", "people.0.name", "such as anna"),
        ("[[people]]\nname = 'anna'", "people.0.target", "is missing: set it"),
        (
            GROUP + "[handover.targets]\ngeneral = ['billing']",
            "groups.0.name",
            "nobody is in 'billing'",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_mend(
    write: Write, text: str, setting: str, mend: str
) -> None:
    path = write(text)
    (line,) = complaint(path).splitlines()
    assert line.startswith(f"{path}: {setting}: ")
    assert mend in line


def test_people_and_their_groups_are_read(write: Write) -> None:
    config = load(
        write(
            person("groups = ['billing']\nhours = ['Mon-Fri 09:00-17:00']\ncalls = 2")
            + "holidays = [2026-12-24, '12-25']\n"
            + GROUP
            + "topics = ['billing']\ntrained = true\n[handover.targets]\nbilling = ['billing']"
        )
    )
    (anna,), (billing,) = config.people, config.groups
    assert (anna.calls, anna.priority, anna.presence) == (2, 1, None)
    assert [day.year for day in anna.holidays] == [2026, None]
    assert billing.trained


def test_everything_wrong_is_told_at_once(write: Write) -> None:
    text = complaint(write("[sip]\nport = -1\nexpires_s = 1\n[log]\nformat = 'xml'"))
    assert [line.split(": ")[1] for line in text.splitlines()] == [
        "sip.port",
        "sip.expires_s",
        "log.format",
    ]


def test_a_file_that_is_not_there_or_not_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    assert f"{path}: cannot be read: No such file" in complaint(path)
    path.write_text("dialplan: shop.yaml")
    assert f"{path}: is not TOML" in complaint(path)
    assert "line 1" in complaint(path)
    path.write_bytes("dialplan = 'Käse'".encode("latin-1"))
    assert f"{path}: is not UTF-8 text: save it as UTF-8" in complaint(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("line = " + "[" * 5000, "agent.toml: is nested too deep: close the brackets"),
        (".".join("a" * 3000) + " = 1", "agent.toml: is nested too deep: close the brackets"),
        ("drain_s = " + "9" * 6000, "agent.toml: is not TOML: Exceeds the limit (4300 digits)"),
        ('line = "a\\u0000"', "agent.toml: line: holds a control character: take it out"),
        (
            '[[people]]\nname = "anna"\ntarget = "sip:a\\r\\n@pbx"',
            "agent.toml: people.0.target: holds a control character: take it out",
        ),
        ("[routing]\nrepeated_h = inf", "agent.toml: routing.repeated_h: Input should be"),
        ("[routing]\nrest_s = nan", "agent.toml: routing.rest_s: Input should be"),
        ("[sip]\nexpires_s = 99999999999", "agent.toml: sip.expires_s: Input should be less"),
    ],
)
def test_what_no_person_would_write_is_a_line_with_its_mend_all_the_same(
    write: Write, line: str, told: str
) -> None:
    complained = complaint(write(line))
    assert told in complained
    assert len(complained.splitlines()) == 1


def test_a_file_saved_on_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(b'\xef\xbb\xbfdialplan = "shop.yaml"\r\nline = "desk"\r\n')
    assert load(path).line == "desk"


def test_relative_paths_are_taken_from_the_files_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    config = load(
        write(
            "run_dir = '../run'\n"
            "[sip]\ntrace = 'logs/sip.log'\n"
            "[handover]\nmusic = 'music.wav'\n"
            "[mqtt]\nca_file = '/etc/ssl/ca.pem'\n"
            "[records]\npath = 'voiceagent.db'\nrecordings = './rec'\n"
        )
    )
    assert config.dialplan == tmp_path / "shop.yaml"
    assert config.run_dir == tmp_path.parent / "run"
    assert config.sip.trace == tmp_path / "logs/sip.log"
    assert config.handover.music == tmp_path / "music.wav"
    assert config.mqtt.ca_file == Path("/etc/ssl/ca.pem")
    assert config.records.path == tmp_path / "voiceagent.db"
    assert config.records.recordings == tmp_path / "rec"


def test_a_path_left_out_is_where_its_default_written_out_would_be(write: Write) -> None:
    left_out = load(write(""))
    written = load(write("run_dir = 'run'\n[records]\npath = 'voiceagent.db'"))
    assert (left_out.run_dir, left_out.records.path) == (written.run_dir, written.records.path)
    assert left_out.run_dir.is_absolute()


def test_a_path_through_another_folder_is_the_same_file(write: Write, tmp_path: Path) -> None:
    write("")
    (tmp_path / "sub").mkdir()
    assert load(tmp_path / "sub/../agent.toml").dialplan == tmp_path / "shop.yaml"


def test_the_environment_goes_before_the_file(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("[sip]\npassword = 'from the file'\nuser = 'agent'")
    monkeypatch.setenv("VOICEAGENT_SIP__PASSWORD", "from outside")
    monkeypatch.setenv("VOICEAGENT_SIP__ALLOW", '["10.0.0.0/8"]')
    monkeypatch.setenv("VOICEAGENT_LINE", "line-7")
    config = load(path)
    assert (config.sip.password, config.sip.user) == ("from outside", "agent")
    assert config.sip.allow == ("10.0.0.0/8",)
    assert config.line == "line-7"


def test_what_is_wrong_in_the_environment_is_looked_for_there(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")
    monkeypatch.setenv("VOICEAGENT_SIP__PORT", "high")
    assert complaint(path).startswith("environment variable VOICEAGENT_SIP__PORT: sip.port: ")
    monkeypatch.delenv("VOICEAGENT_SIP__PORT")
    monkeypatch.setenv("VOICEAGENT_SIP__PRT", "5060")
    assert "VOICEAGENT_SIP__PRT: sip.prt: no such setting: did you mean port?" in complaint(path)


def test_a_list_in_the_environment_that_is_no_json_is_an_error_with_its_mend(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEAGENT_SIP__ALLOW", "10.0.0.0/8")
    text = complaint(write(""))
    assert "sip" in text
    assert "as JSON" in text


def test_the_printed_settings_load_again_with_every_default_once_the_dialplan_is_set(
    tmp_path: Path,
) -> None:
    printed = CliRunner().invoke(show_config)
    assert printed.exit_code == 0
    path = tmp_path / "printed.toml"
    assert "# dialplan =\n" in printed.output
    path.write_text(printed.output.replace("# dialplan =\n", 'dialplan = "shop.yaml"\n'))
    plain = tmp_path / "plain.toml"
    plain.write_text('dialplan = "shop.yaml"')
    assert load(path) == load(plain)


def test_every_setting_is_printed_below_its_meaning() -> None:
    printed = CliRunner().invoke(show_config).output.replace("\n# ", "\n")
    sections = [
        getattr(field.annotation, "model_fields", {}) for field in Config.model_fields.values()
    ]
    settings = [setting for section in sections for setting in section.items()]
    assert len(settings) > 40
    for name, setting in settings:
        assert setting.description
        assert f"\n{setting.description}\n{name} =" in printed
