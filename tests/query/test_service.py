"""The service starts, serves, reports and stops."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from schemas.relational import metadata
from services.chassis.errors import SettingsError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import load
from services.query.database import OUTDATED
from services.query.service import QueryService, build
from services.query.text import segment
from tests.support.patience import PATIENCE_S
from tests.support.reading import HOSTILE_ID
from tests.support.serving import serving


def get(address: str) -> httpx.Response:
    return httpx.get(address, timeout=PATIENCE_S)


def context(address: str, log: SqliteLog, **query: object) -> Context:
    settings = load(store={"url": address}, query={"port": 0, **query})
    return Context(settings, log, Metrics())


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "log.db") as opened:
        yield opened


def test_it_serves_until_it_is_stopped(record_address: str, log: SqliteLog) -> None:
    given = context(record_address, log)
    service = build(given)
    assert (service.name, service.live(), service.ready()) == (
        "query",
        [],
        ["the HTTP server is not serving"],
    )
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with serving(service, given.stop) as address:
        assert (service.live(), service.ready()) == ([], [])
        assert get(f"{address}/v1/actors").json()["total"] == 5
        assert "server" not in get(address).headers
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert service.live() == ["the HTTP server has ended"]
    assert service.ready()
    with pytest.raises(httpx.ConnectError):
        get(address)
    assert (
        given.metrics.registry.get_sample_value(
            "onrecord_http_requests_total", {"route": "/v1/actors", "status": "2xx"}
        )
        == 1
    )


def test_it_stops_when_asked_before_it_ran(record_address: str, log: SqliteLog) -> None:
    given = context(record_address, log)
    service = build(given)
    given.stop.set()
    service.run()
    assert service.live()


def test_a_taken_port_is_named(record_address: str, log: SqliteLog) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError,
            match=rf"ONRECORD_QUERY__PORT: cannot listen on 127\.0\.0\.1 port {port} \(.*in use.*\)",
        ):
            build(context(record_address, log, port=port))


def test_a_strange_host_is_named(record_address: str, log: SqliteLog) -> None:
    with pytest.raises(SettingsError, match="ONRECORD_QUERY__HOST"):
        build(context(record_address, log, host="no such host!"))
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1"):
        build(context(record_address, log, host="192.0.2.1"))


def test_a_service_that_never_ran_frees_its_port(record_address: str, log: SqliteLog) -> None:
    service = build(context(record_address, log))
    port = int(service.address.rpartition(":")[2])
    service.close()
    second = build(context(record_address, log, port=port))
    second.close()


def test_readiness_follows_the_database(tmp_path: Path, log: SqliteLog) -> None:
    path = tmp_path / "record.db"
    given = context(f"sqlite:///{path}", log)
    service: QueryService = build(given)
    with serving(service, given.stop) as address:
        assert "cannot be reached" in service.ready()[0]
        assert get(f"{address}/v1/actors").status_code == 503
        engine = sa.create_engine(f"sqlite:///{path}")
        metadata.create_all(engine)
        assert service.ready() == []
        with engine.begin() as writer:
            writer.exec_driver_sql("ALTER TABLE statements DROP COLUMN source_confidence")
        engine.dispose()
        assert service.ready() == [OUTDATED], "no statement can be read before aggregate has migrated"
        assert service.live() == []


def test_ids_survive_a_real_request_line(record_address: str, log: SqliteLog) -> None:
    given = context(record_address, log)
    service = build(given)
    with serving(service, given.stop) as address:
        # slashes, dots, question marks, letters outside ASCII: all percent-encoded
        for path in (f"/v1/articles/{segment(HOSTILE_ID)}", f"/v1/actors/{segment('person:نجيب-محفوظ')}"):
            assert get(address + path).status_code == 200
