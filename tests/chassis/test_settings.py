"""Settings: one clear error per mistake, secrets never shown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis import settings
from services.chassis.errors import SettingsError

PASSWORD = "hunter2-hunter2"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(f"ONRECORD_{name}", value)
    with pytest.raises(SettingsError) as caught:
        settings.load()
    return caught.value.problems


def test_defaults_are_valid_and_frozen() -> None:
    found = settings.load()
    assert found.log.engine == "sqlite"
    with pytest.raises(Exception, match="frozen"):
        found.log.engine = "kafka"  # type: ignore[misc]


def test_a_slot_can_be_the_name_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONRECORD_LOG__INSTANCE", "hostname")
    assert settings.load().log.instance == socket.gethostname()


def test_one_line_per_mistake_naming_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems(
        monkeypatch, STAGE__ATTEMPTS="many", QUERY__PORT="99999", LOG__ENGINE="rabbit", QUERY__PROT="80"
    )
    assert len(found) == 4
    for variable in (
        "ONRECORD_STAGE__ATTEMPTS",
        "ONRECORD_QUERY__PORT",
        "ONRECORD_LOG__ENGINE",
        "ONRECORD_QUERY__PROT",
    ):
        assert sum(line.startswith(variable + ":") for line in found) == 1


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"KAFKA__REQUEST_TIMEOUT_S": "9"},
            "request_timeout_s (9 s) must be less than delivery_timeout_s (8 s)",
        ),
        (
            {"KAFKA__TRANSACTION_TIMEOUT_S": "7"},
            "delivery_timeout_s (8 s) must be less than transaction_timeout_s (7 s)",
        ),
        ({"KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, "needs sasl_mechanism"),
        (
            {"KAFKA__SECURITY_PROTOCOL": "SASL_SSL", "KAFKA__SASL_MECHANISM": "PLAIN"},
            "needs sasl_username and sasl_password",
        ),
        (
            {"KAFKA__SASL_MECHANISM": "PLAIN", "KAFKA__SASL_USERNAME": "u"},
            "security_protocol PLAINTEXT sends no login",
        ),
        ({"KAFKA__BOOTSTRAP_SERVERS": " , "}, "bootstrap_servers is empty"),
        ({"STAGE__BACKOFF_MIN_S": "20"}, "backoff_min_s (20) must not exceed backoff_max_s (10)"),
        ({"STAGE__ATTEMPTS": "50"}, "must stay below kafka.max_poll_interval_s"),
    ],
)
def test_settings_that_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    (line,) = problems(monkeypatch, **variables)
    assert message in line


def test_the_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "onrecord.toml"
    file.write_text('[query]\nport = 8181\npage_size = 20\n[kafka]\nbootstrap_servers = ["a:1", "b:2"]\n')
    monkeypatch.setenv("ONRECORD_CONFIG", str(file))
    monkeypatch.setenv("ONRECORD_QUERY__PORT", "8282")
    found = settings.load()
    assert (found.query.port, found.query.page_size) == (8282, 20)
    assert found.kafka.bootstrap_servers == ("a:1", "b:2")


@pytest.mark.parametrize("content", [None, "not = [toml", "[log]\nengine = 'rabbit'\n"])
def test_a_broken_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "onrecord.toml"
    if content is not None:
        file.write_text(content)
    (line,) = problems(monkeypatch, CONFIG=str(file))
    assert "onrecord.toml" in line or "ONRECORD_LOG__ENGINE" in line


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    url = tmp_path / "url"
    url.write_text(f"postgresql://onrecord:{PASSWORD}@db/record\n")
    for name, value in {
        "KAFKA__SECURITY_PROTOCOL": "SASL_SSL", "KAFKA__SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA__SASL_USERNAME": "onrecord",
        "KAFKA__SASL_PASSWORD_FILE": str(secret), "STORE__URL_FILE": str(url),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"ONRECORD_{name}", value)
    found = settings.load()
    assert found.kafka.password() == PASSWORD
    assert found.store.address() == f"postgresql+pg8000://onrecord:{PASSWORD}@db/record"


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems(
        monkeypatch, KAFKA__SECURITY_PROTOCOL="SASL_SSL", KAFKA__SASL_MECHANISM="PLAIN", KAFKA__SASL_USERNAME="u",
        KAFKA__SASL_PASSWORD_FILE="no/such/file",
    )  # fmt: skip
    assert "no/such/file" in found[0]


def test_a_secret_file_of_several_lines_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{PASSWORD}\nanother\n")
    monkeypatch.setenv("ONRECORD_INGEST__PUSH_TOKEN_FILE", str(token))
    with pytest.raises(SettingsError, match="more than one line") as raised:
        settings.load().ingest.token()
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize("line", ["sasl_password = 12345", "ssl_key_password = 12345"])
def test_a_secret_of_the_wrong_type_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "onrecord.toml"
    file.write_text(f"[kafka]\n{line}\n")
    (found,) = problems(monkeypatch, CONFIG=str(file))
    assert "should be a valid string" in found
    assert "12345" not in found


def onrecord(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"ONRECORD_{name}": value for name, value in variables.items()}}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_config_show_lists_every_setting_and_no_secret() -> None:
    shown = onrecord(
        "config", "show", KAFKA__SECURITY_PROTOCOL="SASL_SSL", KAFKA__SASL_MECHANISM="PLAIN", KAFKA__SASL_USERNAME="u",
        KAFKA__SASL_PASSWORD=PASSWORD, INGEST__PUSH_TOKEN=PASSWORD, STORE__URL=f"postgresql://u:{PASSWORD}@h/d",
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert PASSWORD not in shown.stdout + shown.stderr
    for section, model in settings.Settings.model_fields.items():
        for name in model.annotation.model_fields:  # type: ignore[union-attr]
            assert f"ONRECORD_{section.upper()}__{name.upper()}=" in shown.stdout


def test_wrong_settings_exit_with_2_and_one_line_each() -> None:
    failed = onrecord("config", "show", QUERY__PORT="http", LGO__ENGINE="kafka")
    assert failed.returncode == 2
    assert "ONRECORD_QUERY__PORT" in failed.stderr
    assert "ONRECORD_LGO__ENGINE" in failed.stderr
    misspelt = onrecord("config", "show", LGO__ENGINE="kafka")
    assert misspelt.returncode == 2
    assert misspelt.stderr.count("\n") == 1
    assert "ONRECORD_LGO__ENGINE" in misspelt.stderr


def test_a_log_path_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    failed = onrecord("topics", "list", LOG__PATH=str(tmp_path / "file" / "log.db"))
    assert failed.returncode == 2
    assert "ONRECORD_LOG__PATH" in failed.stderr
    assert "Traceback" not in failed.stderr
