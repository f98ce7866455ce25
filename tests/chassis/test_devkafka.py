"""The broker harness as people use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from services.chassis.devkafka import ToolMissing, jars
from services.chassis.devkafka.__main__ import STATE, Running
from tests.support.kafka import Kafka


def test_missing_tools_are_named_with_their_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ToolMissing, match="openjdk-17-jre-headless"):
        jars.java()
    monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
    monkeypatch.delenv(jars.LIBS_VARIABLE, raising=False)
    with pytest.raises(ToolMissing, match="apt-get install maven"):
        jars.libraries()
    monkeypatch.setenv(jars.LIBS_VARIABLE, str(tmp_path))
    with pytest.raises(ToolMissing, match=jars.LIBS_VARIABLE):
        jars.libraries()


def test_another_process_with_the_same_number_is_not_ours() -> None:
    assert not Running(os.getpid(), "127.0.0.1:1", "/nowhere/server.properties").alive()


@pytest.mark.kafka
@pytest.mark.slow
def test_up_stays_up_and_down_leaves_nothing(kafka_cluster: Kafka, tmp_path: Path) -> None:
    # the fixture is asked for only because it skips where Java or Maven is missing
    def run(command: str) -> list[str]:
        arguments = [sys.executable, "-m", "services.chassis.devkafka", command, "--dir", str(tmp_path)]
        return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()

    try:
        printed = run("up")
        bootstrap = printed[0].removeprefix("KAFKA_BOOTSTRAP_SERVERS=")
        assert printed[1] == f"ONRECORD_KAFKA__BOOTSTRAP_SERVERS={bootstrap}"
        with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
            assert len(admin.describe_cluster()["brokers"]) == 1
        assert run("up") == printed, "already up"
        (broker,) = [Running(**one) for one in json.loads((tmp_path / STATE).read_text())]
    finally:
        run("down")
    assert not broker.alive()
    assert list(tmp_path.iterdir()) == []
    run("down")
