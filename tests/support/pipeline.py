"""The pipeline as a person runs it: real processes, told apart only by their environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from schemas import relational as tables
from schemas.events import Claim, Document, Quote
from services.chassis import settings
from services.chassis.log.open import open_log
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.embedded import backlog

PATIENCE_S = 120.0
"""Longest wait for a process on a busy machine: a failure, not a pace."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
            "COLUMNS": "200",
            **variables,
        }
        self.environment = {**clean, **self.own}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def onrecord(self, *arguments: str, expect: int | None = 0, failpoint: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            env=self._environment(failpoint), capture_output=True, text=True, timeout=PATIENCE_S * 2, check=False,
        )  # fmt: skip
        if expect is not None:
            assert done.returncode == expect, f"onrecord {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, name: str, failpoint: str = "", instance: str = "", **variables: str) -> subprocess.Popen[bytes]:
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
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} died with {process.returncode} while waiting for {what}\n{self.tail(name)}"
            assert time.monotonic() < deadline, f"waited too long for {what}\n" + "\n".join(
                f"== {n}\n{self.tail(n)}" for n in self.processes
            )
            time.sleep(0.1)

    def context(self) -> Context:
        """A context on the same log, in this process."""
        before = {name: os.environ.get(name) for name in self.own}
        os.environ.update(self.own)
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
        context = self.context()
        with context.log:
            self.wait(lambda: backlog(context).empty, "the backlog to drain")

    def drain_articles(self) -> None:
        """Wait until extract has read every article on the log."""
        context = self.context()
        with context.log:
            self.wait(lambda: backlog(context).articles == 0, "the articles to be extracted")

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
        statements, actors, documents, tallies, trail = tables.statements, tables.actors, tables.documents, tables.tallies, tables.trail
        with engine.connect() as connection:

            def rows(*columns: sa.Column[object], where: sa.ColumnElement[bool] | None = None) -> list[tuple[object, ...]]:
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
                # without places and times, which differ between logs; a step that was lost or told twice shows
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
