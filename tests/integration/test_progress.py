"""When everything is on record: what the record holds counts, not what was reported to the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.aggregate.service import build
from services.chassis import cloudevents
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import LogSettings, Settings, StageSettings, StoreSettings
from services.embedded import Progress
from tests.support.patience import PATIENCE_S, until
from tests.support.statements import actor, make


@contextmanager
def aggregating(settings: Settings, log: SqliteLog) -> Iterator[threading.Thread]:
    context = Context(settings, log, Metrics())
    thread = threading.Thread(target=build(context).run)
    thread.start()
    try:
        yield thread
    finally:
        context.stop.set()
        thread.join(PATIENCE_S)


def test_a_lost_record_is_not_taken_for_whole_because_the_log_remembers_it(tmp_path: Path) -> None:
    """225 documents were on record, 71 came back before the run ended."""
    settings = Settings(
        log=LogSettings(path=tmp_path / "log.db"),
        store=StoreSettings(url=f"sqlite:///{tmp_path / 'record.db'}"),
        stage=StageSettings(poll_timeout_s=0.05),
    )
    with SqliteLog(tmp_path / "log.db") as log:
        log.create_topics(declared(2))
        events = [event for n in range(40) for event in make(f"art-{n}", speakers=(actor(),)).events]
        with log.producer("test") as producer:
            producer.append([cloudevents.encode(event, source="/test") for event in events])
        context = Context(settings, log, Metrics())
        with Progress(context) as progress:
            assert progress.backlog().events == len(events), "nobody has read anything"
            with aggregating(settings, log) as thread:
                until(lambda: progress.backlog().empty, "everything to be on record", thread.is_alive)
        for file in tmp_path.glob("record.db*"):
            file.unlink()
        with Progress(context) as progress:
            assert progress.backlog().events == len(events), (
                "the record holds nothing, whatever the log remembers"
            )
            with aggregating(settings, log) as thread:
                until(lambda: progress.backlog().empty, "everything to be on record again", thread.is_alive)


def test_positions_of_another_log_are_no_progress(tmp_path: Path) -> None:
    settings = Settings(
        log=LogSettings(path=tmp_path / "log.db"),
        store=StoreSettings(url=f"sqlite:///{tmp_path / 'record.db'}"),
    )
    left = []
    for name in ("one.db", "two.db"):
        with SqliteLog(tmp_path / name) as log:
            log.create_topics(declared(1))
            with log.producer("test") as producer:
                producer.append(
                    [cloudevents.encode(make(f"art-{n}").document, source="/test") for n in range(3)]
                )
            context = Context(settings, log, Metrics())
            with Progress(context) as progress:
                left.append(progress.backlog().events)
                if name == "one.db":
                    with aggregating(settings, log) as thread:
                        until(lambda: progress.backlog().empty, "everything to be on record", thread.is_alive)
    assert left == [3, 3]
