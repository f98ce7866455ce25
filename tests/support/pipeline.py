"""The pipeline as a person runs it: real processes, told apart only by their environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from schemas import relational as tables
from schemas.events import Claim, Document, Quote
from services.chassis import settings
from services.chassis.devkafka.ports import free_ports
from services.chassis.errors import TransientError
from services.chassis.log.open import open_log
from services.chassis.metrics import Metrics
from services.chassis.probe import ask
from services.chassis.service import Context
from services.embedded import EMPTY_LOOKS, Backlog, Progress
from tests.support.patience import PATIENCE_S, until

PATIENT = {
    "ONRECORD_KAFKA__REQUEST_TIMEOUT_S": "40",
    "ONRECORD_KAFKA__DELIVERY_TIMEOUT_S": "60",
    "ONRECORD_KAFKA__TRANSACTION_TIMEOUT_S": "90",
    "ONRECORD_KAFKA__BOOTSTRAP_TIMEOUT_S": "120",
    "ONRECORD_KAFKA__SESSION_TIMEOUT_S": "40",
}
"""For processes and looks that no fault is played to: a broker on a busy machine is slow, and that is all."""


def free_port() -> int:
    """A port that nobody else is given."""
    (port,) = free_ports(1)
    return port


def ready(port: int) -> bool:
    """Whether the service whose ops endpoint this is has no complaint about itself."""
    return not ask("127.0.0.1", port, "/readyz")


class Pipeline:
    """Services on one log and one database, each a process of its own, with their output in ``folder``."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
        self.own = {
            "ONRECORD_LOG__PATH": str(folder / "log.db"),
            "ONRECORD_STORE__URL": f"sqlite:///{folder / 'record.db'}",
            "ONRECORD_INGEST__INDEX_PATH": str(folder / "ingest.db"),
            "ONRECORD_OPS__PORT": "0",
            "ONRECORD_EXTRACT__HTML_TIMEOUT_S": f"{PATIENCE_S:g}",
            "COLUMNS": "200",
            **variables,
        }
        self.environment = {**clean, **self.own}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def onrecord(
        self, *arguments: str, expect: int | None = 0, failpoint: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self._environment(failpoint), capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False,
        )  # fmt: skip
        if expect is not None:
            assert done.returncode == expect, (
                f"onrecord {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def start(
        self, name: str, failpoint: str = "", instance: str = "", **variables: str
    ) -> subprocess.Popen[bytes]:
        """Start one service. ``instance``: a suffix to its name, for a second one."""
        with (self.folder / f"{name}{instance}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "service", name],
                env={**self._environment(failpoint), **variables}, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.processes[name + instance] = process
        return process

    def _environment(self, failpoint: str) -> dict[str, str]:
        return {**self.environment, **({"ONRECORD_FAILPOINT": failpoint} if failpoint else {})}

    def stop(self, *names: str) -> None:
        """Ask services (all when none is named) to end, and see them end cleanly."""
        for name in names or tuple(self.processes):
            self.processes[name].send_signal(signal.SIGTERM)
        for name in names or tuple(self.processes):
            code = self.processes.pop(name).wait(PATIENCE_S)
            assert code == 0, f"{name} ended with {code}\n{self.tail(name)}"

    def kill(self, *names: str) -> None:
        """SIGKILL services (all when none is named)."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            process.kill()
            process.wait(PATIENCE_S)

    def tail(self, name: str) -> str:
        """The end of a service's output."""
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace")[-4000:] if file.exists() else ""

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition, failing early when a service has died."""

        def alive() -> bool:
            for name, process in self.processes.items():
                assert process.poll() is None, (
                    f"{name} died with {process.returncode} while waiting for {what}\n{self.tail(name)}"
                )
            return True

        try:
            until(condition, what, alive)
        except AssertionError as error:
            error.add_note("\n".join(f"== {name}\n{self.tail(name)}" for name in self.processes))
            raise

    def context(self) -> Context:
        """A context on the same log, in this process; patient with a busy broker."""
        own = {**self.own, **PATIENT}
        before = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        try:
            found = settings.load()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        metrics = Metrics()
        return Context(found, open_log(found, metrics, "test"), metrics)

    def drain(self) -> None:
        """Wait until everything on the log is on record."""
        self._wait_left(lambda left: left.empty, "the backlog to drain")

    def drain_articles(self) -> None:
        """Wait until extract has read every article on the log."""
        self._wait_left(lambda left: not left.articles, "the articles to be extracted")

    def _wait_left(self, done: Callable[[Backlog], bool], what: str) -> None:
        context = self.context()
        looks = 0

        def looked() -> bool:
            nonlocal looks
            try:
                looks = looks + 1 if done(progress.backlog()) else 0
            except TransientError:  # the log does not answer just now
                looks = 0
            return looks == EMPTY_LOOKS  # what was just written may not be visible at the first

        with context.log, Progress(context) as progress:
            self.wait(looked, what)

    def event_ids(self) -> dict[str, list[str]]:
        """The CloudEvents ids of extract's committed events, per topic, sorted; a duplicate shows as one."""
        context = self.context()
        with context.log:
            topics = context.log.topics()
            return {
                event.topic: sorted(
                    (record.header("ce_id") or b"").decode()
                    for partition in topics[event.topic].ranges
                    for record in context.log.read(event.topic, partition)
                )
                for event in (Document, Quote, Claim)
            }

    def record(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything on record that must not depend on how it came there, sorted."""
        address = self.context().settings.store.address()
        engine = sa.create_engine(address)
        statements, actors, documents, tallies, trail = (
            tables.statements,
            tables.actors,
            tables.documents,
            tables.tallies,
            tables.trail,
        )
        with engine.connect() as connection:

            def rows(
                *columns: sa.Column[object], where: sa.ColumnElement[bool] | None = None
            ) -> list[tuple[object, ...]]:
                query = sa.select(*columns) if where is None else sa.select(*columns).where(where)
                return sorted((tuple(row) for row in connection.execute(query)), key=repr)

            found = {
                "statements": rows(
                    statements.c.statement_id, statements.c.actor_id, statements.c.article_id, statements.c.document_id, statements.c.text,
                    statements.c.kind, statements.c.subkind, statements.c.confidence, where=statements.c.on_record,
                ),
                "actors": rows(actors.c.actor_id, actors.c.name, actors.c.quotes, actors.c.claims, actors.c.articles, actors.c.outlets),
                "documents": rows(documents.c.article_id, documents.c.document_id, documents.c.revision, documents.c.text_sha256),
                "tallies": rows(*tallies.c),
                # without places and times, which differ between logs; a step that was lost or told twice
                # shows
                "trail": rows(trail.c.article_id, trail.c.input, trail.c.revision, trail.c.stage, trail.c.outcome, trail.c.reason),
            }  # fmt: skip
        engine.dispose()
        return found

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def write_articles(folder: Path, texts: Sequence[str]) -> Path:
    """Plain-text articles as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"article-{number:04d}.txt").write_text(text, encoding="utf-8")
    return folder
