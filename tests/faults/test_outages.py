"""Brokers and databases that are away for a while: services say so, stay alive, go on, and hold no more
afterwards than before.

An hour of it by hand: ``python -m tests.faults.outages --minutes 60``.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.aggregate.service import build
from services.chassis.log.open import open_log
from services.chassis.log.topics import declared
from services.chassis.metrics import Metrics
from services.chassis.probe import ask
from services.chassis.reach import ASK_S
from services.chassis.service import Context, Service
from services.chassis.settings import IngestSettings, LogSettings, Settings, StageSettings, StoreSettings
from tests.faults import outages
from tests.support.patience import PATIENCE_S, until
from tests.support.postgres import USER, Server

DOWN_S = 15.0
"""Long enough for clients to be given up and built anew several times."""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[outages.Pipe]:
    """Ingest, extract, aggregate and the lag exporter on a broker of their own."""
    with outages.running(tmp_path_factory.mktemp("outages")) as pipe:
        yield pipe


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("down", "up"), [("stop", "restart"), ("pause", "resume")])
def test_services_are_not_ready_while_the_brokers_are_away_and_say_since_when(
    pipe: outages.Pipe, down: str, up: str
) -> None:
    steps: dict[str, Callable[[], None]] = {
        "stop": pipe.broker.stop,
        "restart": lambda: pipe.cluster.restart(pipe.broker),
        "pause": pipe.broker.pause,
        "resume": pipe.broker.resume,
    }
    gone = datetime.now(UTC)
    steps[down]()
    try:
        said: dict[str, datetime] = {}

        def all_say_so() -> bool:
            for name, port in pipe.ops.items():
                words = ask("127.0.0.1", port, "/readyz").split()
                if "unreachable" in words:
                    at = words.index("unreachable")
                    assert words[at - 1 : at + 2] == ["log", "unreachable", "since"], words
                    said[name] = datetime.fromisoformat(words[at + 2])
            return len(said) == len(pipe.ops)

        pipe.pipeline.wait(all_say_so, "every service to name the log")
        assert all(ask("127.0.0.1", port, "/livez") == "" for port in pipe.ops.values()), (
            "an outage must not restart anything"
        )
        # since the last answer: those of a service come at least this often (and times are told in whole
        # seconds)
        assert all(-ASK_S - 1 <= (since - gone).total_seconds() <= 1 for since in said.values()), (gone, said)
    finally:
        steps[up]()
    pipe.wait_ready()


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_services_hold_no_more_files_and_threads_after_outages_than_before(pipe: outages.Pipe) -> None:
    before = pipe.at_work()
    for kind in ("stop", "freeze", "stop"):
        pipe.outage(kind, DOWN_S)
    grown: dict[str, str] = {}

    def flat() -> bool:
        after = pipe.usage()
        grown.clear()
        grown.update(
            {name: f"{before[name]} → {now}" for name, now in after.items() if not now.within(before[name])}
        )
        return not grown

    try:
        pipe.pipeline.wait(flat, "files and threads to be as many as before")
    except AssertionError as error:
        error.add_note(f"grown: {grown}")
        raise


@contextmanager
def aggregating(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Service, Callable[[], str]]]:
    """Aggregate on the embedded log, asking its database ten times a second; and what it says of itself."""
    monkeypatch.setattr("services.chassis.reach.ASK_S", 0.1)
    monkeypatch.setattr("services.chassis.reach.LATELY_S", 1.0)
    settings = Settings(
        log=LogSettings(path=folder / "log.db"),
        ingest=IngestSettings(index_path=folder / "ingest.db"),
        store=StoreSettings.model_validate({"url": address}),
        stage=StageSettings(poll_timeout_s=0.1, backoff_max_s=0.5),
    )
    stop, metrics = threading.Event(), Metrics()
    with open_log(settings, metrics, "aggregate") as log:
        log.create_topics(declared(1))
        service = build(Context(settings, log, metrics, stop, supervised=True))
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            until(lambda: service.ready() == [], "the service to be ready", thread.is_alive)
            yield service, lambda: "; ".join(service.ready())
            assert thread.is_alive()
        finally:
            stop.set()
            thread.join(PATIENCE_S)


@pytest.mark.postgres
def test_aggregate_is_not_ready_while_postgresql_is_away(
    postgres_alone: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with aggregating(tmp_path, f"postgresql://{USER}@{postgres_alone.address}/postgres", monkeypatch) as (
        service,
        words,
    ):
        postgres_alone.stop()
        until(
            lambda: words().startswith("aggregate: database unreachable since 20"), "the database to be named"
        )
        assert "): database: " in words(), "with the reason"
        assert service.live() == []
        postgres_alone.start()
        until(lambda: words() == "", "the service to be ready again")


def test_aggregate_is_not_ready_while_a_file_of_the_embedded_engine_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, log = tmp_path / "record.db", tmp_path / "log.db"
    with aggregating(tmp_path, f"sqlite:///{record}", monkeypatch) as (service, words):
        for file, name in ((record, "database"), (log, "log")):
            shutil.move(file, tmp_path / "elsewhere")
            until(
                lambda name=name: words().startswith(f"aggregate: {name} unreachable since 20"),  # type: ignore[misc]
                f"the {name} to be named",
            )
            assert f"{file}: the file is gone; put it back" in words()
            assert service.live() == []
            shutil.move(tmp_path / "elsewhere", file)
            until(lambda: words() == "", "the service to be ready again")
