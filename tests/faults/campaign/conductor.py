"""Plays a schedule of faults to a fleet that is at work, and measures how long it takes to recover from
each."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.chassis.errors import TransientError
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP, READ
from services.chassis.log.types import EventLog, Message, TopicPartition
from tests.faults.campaign.articles import Corpus
from tests.faults.campaign.auditor import Auditor
from tests.faults.campaign.fleet import Fleet, Member
from tests.faults.campaign.soak import Sampler
from tests.faults.campaign.world import World, watched
from tests.support.patience import PATIENCE_S

CHUNK = 5
"""Articles appended in one transaction."""
BACKLOG = 100
"""Most articles appended and not handled: there is always work, and faults come evenly. Of few articles, a
tenth."""
TURN_S = 0.05
ENDS = (0, 1, -signal.SIGKILL, -signal.SIGTERM)
"""How a process may end that was asked to: in order, fenced by the new owner of its slot, killed, or told to
stop while it was starting."""
SLACK_S = 2 * PATIENCE_S
"""Longest time without any progress: several faults may follow one upon another."""


@dataclass
class Played:
    """One fault. Times are of ``time.monotonic``; None where it has not come yet."""

    kind: str
    at: float
    group: str
    """Whose progress shows that it is over."""
    waiting: dict[TopicPartition, int]
    """Where the group was on each partition that had work left: it has recovered when all of them have
    moved."""
    next_output: float | None = None
    recovered: float | None = None


Undo = Callable[[], object]
Play = Callable[["Conductor"], None]


class Feeder(threading.Thread):
    """Appends the articles, never far ahead of what was handled (:data:`BACKLOG`)."""

    def __init__(
        self, log: EventLog, messages: Sequence[Message], auditor: Auditor, per_s: float | None = None
    ) -> None:
        """``per_s``: no faster than this."""
        super().__init__(name="feeder", daemon=True)
        self._log = log
        self._messages = messages
        self._auditor = auditor
        self._ahead = min(BACKLOG, max(2 * CHUNK, len(messages) // 10))
        self._per_s = per_s
        self._stop_asked = threading.Event()
        self.limit = len(messages)
        """No more than this many for now."""
        self.appended = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Append all of them."""
        try:
            self._append()
        except BaseException as error:  # noqa: BLE001 - raised again by the conductor
            self.failure = error

    def stop(self) -> None:
        """End early."""
        self._stop_asked.set()
        self.join()

    @property
    def done(self) -> bool:
        """Whether everything was appended."""
        return self.appended == len(self._messages)

    def _append(self) -> None:
        started = time.monotonic()
        with self._log.producer("campaign-feeder") as producer:
            while not self.done and not self._stop_asked.is_set():
                early = self._per_s is not None and self.appended > self._per_s * (time.monotonic() - started)
                full = self.appended >= self.limit or self.appended - self._auditor.handled() > self._ahead
                if early or full:
                    self._stop_asked.wait(TURN_S)
                    continue
                chunk = self._messages[self.appended : self.appended + CHUNK]
                try:
                    producer.append(chunk)
                except TransientError:
                    # what became of it is unknown, and it may be on the log twice: the auditor counts what
                    # really is
                    self._stop_asked.wait(TURN_S)
                else:
                    self.appended += len(chunk)


@dataclass
class Conductor:
    """``schedule`` and ``outages`` hold ``(share, play)``: a fault is due when that share of the articles is
    handled. Outages, of what the services stand on, come one at a time; processes are harmed meanwhile."""

    world: World
    fleet: Fleet
    auditor: Auditor
    log: EventLog
    corpus: Corpus
    draw: random.Random
    schedule: list[tuple[float, Play]]
    outages: list[tuple[float, Play]] = field(default_factory=list)
    played: list[Played] = field(default_factory=list)
    per_s: float | None = None
    """Articles a second at most."""
    sampler: Sampler = field(default_factory=lambda: Sampler(frozenset()))
    """Whom it looks at, nobody harms."""
    kills: Counter[str] = field(default_factory=Counter)
    unplanned: list[str] = field(default_factory=list)
    _undo: list[tuple[float, Undo, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feeder = Feeder(self.log, self.corpus.messages, self.auditor, self.per_s)

    def perform(self) -> None:
        """Until all articles are handled and all faults are over."""
        feeder = self.feeder
        feeder.start()
        total = len(self.corpus.messages)
        moved, mark = time.monotonic(), -1
        try:
            while (
                self.schedule
                or self.outages
                or self._undo
                or not feeder.done
                or self.auditor.handled() < total
            ):
                self._check()
                self.turn()
                share = self.auditor.handled() / total
                self._play(self.schedule, share)
                if not any(outage for _, _, outage in self._undo):
                    self._play(self.outages, share)
                handled = self.auditor.handled()
                if handled != mark:
                    moved, mark = time.monotonic(), handled
                if time.monotonic() - moved > SLACK_S:
                    raise AssertionError(
                        f"nothing was handled for {SLACK_S:g} s: {handled} of {total}\n{self._tails()}"
                    )
                time.sleep(TURN_S)
        finally:
            feeder.stop()
            for _, undo, _ in self._undo:
                undo()
            self.world.heal()

    def _play(self, schedule: list[tuple[float, Play]], share: float) -> None:
        if schedule and share >= schedule[0][0]:
            schedule.pop(0)[1](self)

    def turn(self) -> None:
        """Look after the fleet, undo what is over, and see what has recovered."""
        for death in self.fleet.watch():
            service = death.member.partition("-")[0]
            if death.armed and death.code == -signal.SIGKILL:
                self.note(f"SIGKILL at {death.armed.partition(':')[0]}", service, process=True)
            elif not death.asked or death.code not in ENDS:
                self.unplanned.append(
                    f"{death.member} ended with {death.code}\n{self.fleet.tail(death.member)}"
                )
        now = time.monotonic()
        for item in [item for item in self._undo if item[0] <= now]:
            self._undo.remove(item)
            item[1]()
        self.see(now)
        self.sampler.look(self.fleet, self.auditor)

    def at_risk(self, service: str) -> list[Member]:
        """The members of a service that can be harmed just now."""
        members = [
            one
            for one in self.fleet.members.values()
            if one.service == service and one.name not in self.sampler.spared
        ]
        return [one for one in members if not one.held and not one.ending]

    def note(self, kind: str, service: str, *, process: bool = False) -> None:
        """A fault begins now."""
        group = AGGREGATE_GROUP if service == "aggregate" else EXTRACT_GROUP
        if process:
            self.kills[kind.partition(" ")[0]] += 1
        done = dict(self.auditor.offsets[group])
        ends = dict(self.auditor.seen.places)
        waiting = {
            tp: done.get(tp, 0)
            for tp, last in ends.items()
            if tp.topic in READ[group] and done.get(tp, 0) <= last
        }
        self.played.append(Played(kind, time.monotonic(), group, waiting))

    def after(self, seconds: float, undo: Undo, *, outage: bool = False) -> None:
        """Call later; until then an ``outage`` lasts."""
        self._undo.append((time.monotonic() + seconds, undo, outage))

    def reread(self) -> None:
        """Partitions were added: the auditor reads them too."""
        self.auditor.partitions = watched(self.log)

    def see(self, now: float) -> None:
        """Which faults have been recovered from."""
        for one in self.played:
            if one.recovered is not None:
                continue
            offsets = self.auditor.offsets[one.group]
            moved = [tp for tp, at in one.waiting.items() if offsets.get(tp, 0) > at]
            if one.next_output is None and (moved or not one.waiting):
                one.next_output = now
            if len(moved) == len(one.waiting):
                one.recovered = now

    def _check(self) -> None:
        for failure in (self.feeder.failure, self.auditor.failure):
            if failure is not None:
                raise failure

    def _tails(self) -> str:
        return "\n".join(f"== {name}\n{self.fleet.tail(name)}" for name in self.fleet.members)
