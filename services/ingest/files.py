"""``onrecord ingest PATH… / --feed URL… / -``: articles onto the log once, with a summary."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from services.chassis.errors import StageStopped
from services.chassis.metric_values import SKIPPED
from services.chassis.service import Context
from services.ingest.account import Outcome
from services.ingest.feeds.poller import FeedPoller
from services.ingest.paths import Found, find, read_input
from services.ingest.progress import Reporter
from services.ingest.publish import Publisher
from services.ingest.readers import Item, Limits
from services.ingest.readers.warc import Resume

MAX_FAILURES = 1000
"""How many failures a summary names; all are counted and logged."""


@dataclass(slots=True)
class Summary:
    """What became of everything that was offered. ``failures`` names each rejected input with reason and
    cure."""

    published: int = 0
    revised: int = 0
    duplicate: int = 0
    rejected: int = 0
    skipped: int = 0
    skipped_files: int = 0
    failures: list[Outcome] = field(default_factory=list)
    duplicates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why what was passed over was."""
    notes: Counter[str] = field(default_factory=Counter)
    """What was made of articles that their sender may not have meant."""

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        setattr(self, outcome.kind, getattr(self, outcome.kind) + 1)
        if len(self.notes) < MAX_FAILURES:
            self.notes.update(outcome.notes)
        if outcome.kind == "duplicate":
            self.duplicates[outcome.why] += 1
        elif outcome.kind == "skipped":
            self.reasons[outcome.why] += 1
        elif outcome.kind == "rejected" and len(self.failures) < MAX_FAILURES:
            self.failures.append(outcome)

    def told(self) -> Iterator[str]:
        """What is said of it to people, line by line."""
        yield f"Articles: {self}"
        yield from (
            f"onrecord: note: {count} article{'s' if count > 1 else ''}: {note}"
            for note, count in self.notes.most_common(20)
        )
        yield from (f"onrecord: {failure}" for failure in self.failures)

    @property
    def total(self) -> int:
        """Articles and other items offered."""
        return self.published + self.revised + self.duplicate + self.rejected + self.skipped

    def __str__(self) -> str:
        parts = [f"{self.published} published"]
        parts += [
            f"{count} {label}"
            for label, count in (
                ("revised", self.revised),
                ("already known", self.duplicate),
                ("rejected", self.rejected),
            )
            if count
        ]
        if self.skipped:
            why = ", ".join(
                f"{count} {SKIPPED.get(reason, reason)}" for reason, count in self.reasons.most_common()
            )
            parts.append(f"{self.skipped} passed over ({why})")
        if self.skipped_files:
            parts.append(
                f"{self.skipped_files} file{'s' if self.skipped_files > 1 else ''} of other kinds passed over"
            )
        return ", ".join(parts)


def ingest_paths(context: Context, paths: Sequence[str], progress: Reporter) -> Summary:
    """Read everything the arguments name and put it on the log: :func:`ingest_found` of what is found."""
    return ingest_found(context, find(paths), progress)


def ingest_found(context: Context, found: Found, progress: Reporter) -> Summary:
    """Read everything that was found and put it on the log; returns when the log has it.

    Bad input is counted, named in the summary and dead-lettered, and never stops the rest. When asked to stop
    it finishes its batch.

    Raises:
        TransientError: the log stayed out of reach; what was summed up by then is on it.
        TopicMissing: the topics were never created.
    """
    summary = Summary(skipped_files=found.skipped)
    with Publisher(context, f"files-{os.getpid()}") as publisher, progress:
        walk = _Walk(context, found, publisher.mark)
        try:
            for outcome in publisher.publish_all(walk.items()):
                summary.add(outcome)
                progress.update(walk.inputs_read, len(found.inputs), str(summary))
        except StageStopped:
            return summary
    return summary


def ingest_feeds(context: Context, feeds: Sequence[str], progress: Reporter) -> Summary:
    """Poll each feed once and put its new articles on the log (``onrecord ingest --feed URL…``).

    A feed that cannot be polled is counted and named as one rejection. Raises as :func:`ingest_paths`.
    """
    summary = Summary()
    lock = threading.Lock()

    def report(outcome: Outcome) -> None:
        with lock:
            summary.add(outcome)
            progress.update(summary.total, note=str(summary))

    with (
        Publisher(context, f"feeds-{os.getpid()}") as publisher,
        progress,
        closing(FeedPoller(context, publisher, tuple(feeds), report)) as poller,
    ):
        for url, problem in poller.poll_all():
            report(Outcome("rejected", url, why="feed", message=problem))
    return summary


def follow_feeds(context: Context, feeds: Sequence[str]) -> None:
    """Poll feeds whenever they are due, until the context is stopped. Raises as :meth:`FeedPoller.run`."""
    with (
        Publisher(context, f"feeds-{os.getpid()}") as publisher,
        closing(FeedPoller(context, publisher, tuple(feeds))) as poller,
    ):
        poller.run()


class _Walk:
    """All items of all inputs, counting the inputs read through."""

    def __init__(self, context: Context, found: Found, resume: Resume) -> None:
        self._context = context
        self._found = found
        self._resume = resume
        self.inputs_read = 0

    def items(self) -> Iterator[Item]:
        yield from self._found.refusals
        settings = self._context.settings.ingest
        limits = Limits(settings.max_article_bytes, settings.csv_columns, frozenset(settings.take_kinds))
        for given in self._found.inputs:
            try:
                for item in read_input(given, limits, self._context.stop, self._resume):
                    if self._context.stop.is_set():
                        return
                    yield item
            except StageStopped:
                return
            self.inputs_read += 1
