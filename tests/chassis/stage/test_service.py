"""A stage as a service: what happens when it meets too much poison."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from services.chassis.errors import DeadLetterLimit, PoisonError
from services.chassis.log.open import open_log
from services.chassis.log.types import Message, Record
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import LogSettings, Settings, StageSettings
from services.chassis.stage.handled import Handled
from services.chassis.stage.service import StageService
from tests.support.memory_session import TOPIC, MemorySession, records

LIMIT = 3


def refuse(record: Record) -> Handled[Message]:
    raise PoisonError("bad article", stage="decode", reason="not_json")


class Closing(MemorySession):
    closed = False
    close_error: Exception | None = None

    def close(self) -> None:
        self.closed = True
        if self.close_error:
            raise self.close_error


@pytest.fixture
def session() -> Closing:
    return Closing(records([b"poison"] * 20))


def service(
    session: Closing, folder: Path, *, supervised: bool
) -> tuple[StageService[Message], threading.Event]:
    settings = Settings(
        log=LogSettings(path=folder / "log.db"),
        stage=StageSettings(max_consecutive_dead=LIMIT, max_records=1, poll_timeout_s=0.001, stall_s=0.001),
    )
    stop = threading.Event()
    with open_log(settings, Metrics(), "extract") as log:
        context = Context(settings, log, Metrics(), stop, supervised=supervised)
        return StageService(
            context,
            name="extract",
            group="g",
            open_session=lambda: session,
            handler=refuse,
            article_topic=TOPIC,
        ), stop


def lag(stage: StageService[Message]) -> list[float]:
    families = stage._context.metrics.registry.collect()
    return [
        sample.value
        for family in families
        if family.name == "onrecord_consumer_lag_records"
        for sample in family.samples
    ]


def test_it_ends_where_somebody_waits_for_it(session: Closing, tmp_path: Path) -> None:
    stage, _ = service(session, tmp_path, supervised=False)
    with pytest.raises(DeadLetterLimit):
        stage.run()
    assert session.closed


@pytest.mark.parametrize("close_error", [None, OSError("no broker answers")], ids=["closes", "cannot close"])
def test_it_holds_where_it_would_only_be_started_again(
    session: Closing, tmp_path: Path, close_error: Exception | None
) -> None:
    session.close_error = close_error
    stage, stop = service(session, tmp_path, supervised=True)
    thread = threading.Thread(target=stage.run)
    thread.start()
    while not session.closed or "could not be processed" not in (reasons := stage.ready())[0]:
        assert thread.is_alive()
    assert "onrecord dlq list" in reasons[0]
    assert stage.live() == [], "a restart would let as many through again"
    assert len(session.dead) == LIMIT
    stop.set()
    thread.join()
    assert session.closed
    assert not lag(stage), "lag of partitions that it has left"
