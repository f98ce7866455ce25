"""A stage as a service: opens its session, runs its loop, says whether it is alive and ready."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from services.chassis.errors import DeadLetterLimit, TransientError
from services.chassis.reach import Reach
from services.chassis.service import Context
from services.chassis.stage.handled import Handled, Handler
from services.chassis.stage.loop import StageLoop
from services.chassis.stage.policy import backoff
from services.chassis.stage.session import Session

Out = TypeVar("Out")

REMIND_S = 600.0
"""How often a stage that holds says so again: whoever looks at the last half hour of its log must find it."""

logger = structlog.get_logger()


class StageService(Generic[Out]):
    """Runs one handler as a consumer group's member."""

    def __init__(
        self,
        context: Context,
        *,
        name: str,
        group: str,
        open_session: Callable[[], Session[Out]],
        handler: Handler[Out],
        article_topic: str,
        after_commit: Callable[[Sequence[Handled[Out]]], None] = lambda _: None,
        sinks: Sequence[Reach] = (),
    ) -> None:
        """``open_session`` joins the group; it is called again, with backoff, while it raises
        :class:`TransientError`.

        ``sinks``: what must answer besides the log for the service to be ready.
        """
        self.name = name
        self._context = context
        self._group = group
        self._open_session = open_session
        self._handler = handler
        self._article_topic = article_topic
        self._after_commit = after_commit
        self._reaches = (context.log.reach, *sinks)
        for reach in self._reaches:
            reach.expose(context.metrics, name)
        self._loop: StageLoop[Out] | None = None
        self._held_by: DeadLetterLimit | None = None

    def run(self) -> None:
        """Join the group and work until asked to stop.

        Too much poison ends the work. Where the process would be started again, and let as much poison
        through each time, it leaves the group and waits for a person instead: alive, not ready, its
        partitions' lag growing.

        Raises:
            FencedError: another process owns this slot.
            DeadLetterLimit: too much poison, and nobody starts the process again.
            TopicMissing: a topic was never created.
        """
        session = self._open()
        if session is None:
            return
        self._loop = StageLoop(
            name=self.name,
            group=self._group,
            session=session,
            handler=self._handler,
            settings=self._context.settings.stage,
            metrics=self._context.metrics,
            stop=self._context.stop,
            article_topic=self._article_topic,
            after_commit=self._after_commit,
            spans=self._context.spans,
        )
        logger.info("stage started", service=self.name, group=self._group)
        try:
            self._loop.run()
        except DeadLetterLimit as error:
            if not self._context.supervised:
                raise
            self._held_by = error
        finally:
            self._close(session)
            logger.info("stage stopped", service=self.name)
        if self._held_by:
            self._loop.left()
            self._hold(self._held_by)

    def look_up(self) -> None:
        """For a handler at work: see :meth:`StageLoop.look_up`. Outside the loop it does nothing."""
        if self._loop is not None:
            self._loop.look_up()

    def _close(self, session: Session[Out]) -> None:
        try:
            session.close()
        except Exception as error:
            if self._held_by is None:
                raise
            # to end here would start it again, with as much poison; the group notices anyway that it polls no
            # more
            logger.warning("could not leave in order", service=self.name, error_class=type(error).__name__)

    def _hold(self, reason: DeadLetterLimit) -> None:
        while True:
            logger.error("stage holds", service=self.name, error=str(reason))
            if self._context.stop.wait(REMIND_S):
                return

    def _open(self) -> Session[Out] | None:
        settings = self._context.settings.stage
        waits = backoff(settings.backoff_min_s, settings.backoff_max_s, random.Random())  # noqa: S311 - jitter, not a secret
        while not self._context.stop.is_set():
            try:
                return self._open_session()
            except TransientError as error:
                logger.warning("cannot join yet", service=self.name, error=str(error))
                self._context.stop.wait(next(waits))
        return None

    def live(self) -> list[str]:
        """Stuck when the loop has not turned for longer than any legitimate stall."""
        if self._loop is None or self._held_by:
            return []
        still = time.monotonic() - self._loop.turned_at
        limit = self._context.settings.stage.stall_s
        return (
            [f"{self.name}: the loop has not turned for {still:.0f} s (limit {limit:.0f} s)"]
            if still > limit
            else []
        )

    def ready(self) -> list[str]:
        """Ready when the log and what it writes to have answered lately, the group has given it partitions to
        read, and the process is not stopping."""
        if self._context.stop.is_set():
            return [f"{self.name}: draining"]
        if self._held_by:
            return [f"{self.name}: holds: {self._held_by}"]
        problems = [problem for problem in (reach.problem() for reach in self._reaches) if problem]
        if self._loop is None:
            problems.append("has not joined its group yet")
        elif not self._loop.assigned:
            problems.append("reads no partition yet (the log is out of reach, or other replicas read all)")
        elif not problems and self._loop.problem():
            problems.append(self._loop.problem())
        return [f"{self.name}: {problem}" for problem in problems]
