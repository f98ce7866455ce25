"""Stories in which a missing defence does its harm: told with the defence nothing happens, told without it
the verdict must say so."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.aggregate.store import Store
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP, READ
from services.chassis.log.types import EventLog, TopicPartition
from services.extract.tagger import StandIn
from tests.faults.campaign.articles import corpus
from tests.faults.campaign.campaign import look, settle
from tests.faults.campaign.conductor import Conductor, Play, Played
from tests.faults.campaign.fleet import Fleet
from tests.faults.campaign.verdict import Verdict, judge
from tests.faults.campaign.world import World
from tests.support.kafka_proxy import Api, Fault
from tests.support.patience import until

ARTICLES = 160
LOOK_S = 0.2
SETTINGS = {"ONRECORD_EXTRACT__TAGGER": "stand-in", "ONRECORD_STAGE__MAX_RECORDS": "40"}
"""Batches hold records of several partitions."""
QUICK = {
    "ONRECORD_KAFKA__REQUEST_TIMEOUT_S": "2",
    "ONRECORD_KAFKA__DELIVERY_TIMEOUT_S": "3",
    "ONRECORD_KAFKA__TRANSACTION_TIMEOUT_S": "8",
}
"""Batches expire soon."""
CUT_S = 20.0
"""Several times as long as a batch lives: where the defence stands, nothing is committed meanwhile."""


@dataclass(frozen=True)
class Story:
    """Settings of its own, how extract is started, what is played from the beginning, and which mistakes it
    must lead to."""

    settings: Mapping[str, str] = field(default_factory=dict)
    failpoint: str = ""
    hold: int = 0
    play: Play | None = None
    harm: Callable[[Verdict], list[str]] = lambda verdict: verdict.twice


def produce_cut(conductor: Conductor) -> None:
    """No record reaches a broker any more; whatever the group commits now is lost."""
    rules = [
        proxy.break_(Api.PRODUCE, Fault.CUT, client="onrecord-extract") for proxy in conductor.world.proxies
    ]

    def when_hit() -> None:
        if any(rule.hits for rule in rules):
            conductor.note("wire: PRODUCE CUT", "extract")
            when_committed(conductor.played[-1], time.monotonic() + CUT_S)
        else:
            conductor.after(LOOK_S, when_hit, outage=True)

    def when_committed(told: Played, deadline: float) -> None:
        if told.next_output is not None or time.monotonic() > deadline:
            conductor.world.heal()
        else:
            conductor.after(LOOK_S, lambda: when_committed(told, deadline), outage=True)

    when_hit()


def zombie(conductor: Conductor) -> None:
    """The only process stands still with a batch in its hands until another one has done its work; then it
    goes on.

    Half of the articles are kept back until both share the partitions again, so that it has more to commit.
    """
    conductor.feeder.limit = len(conductor.corpus.messages) // 2
    (held,) = conductor.at_risk("extract")

    def when_it_stands() -> None:
        if held.stopped():
            conductor.fleet.start("extract", "1")
            when_alone()
        else:
            conductor.after(LOOK_S, when_it_stands)

    def when_alone() -> None:
        if conductor.world.members(EXTRACT_GROUP) == {f"{EXTRACT_GROUP}-1"}:
            conductor.note("SIGSTOP with a batch in hand", "extract", process=True)
            when_its_work_is_done(conductor.played[-1])
        else:
            conductor.after(LOOK_S, when_alone)

    def when_its_work_is_done(told: Played) -> None:
        if told.recovered is not None:
            conductor.fleet.resume(held)
            when_both_work()
        else:
            conductor.after(LOOK_S, lambda: when_its_work_is_done(told))

    def when_both_work() -> None:
        if len(conductor.world.members(EXTRACT_GROUP)) == 2:
            conductor.feeder.limit = len(conductor.corpus.messages)
        else:
            conductor.after(LOOK_S, when_both_work)

    when_it_stands()


STORIES: Mapping[str, Story] = {
    "transactions-off": Story(failpoint="after_flush:2"),
    "futures-unchecked": Story(QUICK, play=produce_cut, harm=lambda verdict: verdict.lost),
    "membership-omitted": Story(hold=2, play=zombie),
    "producer-kept": Story(hold=2, play=zombie, harm=lambda verdict: verdict.twice + verdict.other),
}


def tell_of_a_replaced_log(world: World, *, defended: bool, seed: int = 1) -> Verdict:
    """Articles are put on record, the log is made anew beside that record, and others come: these must get
    there as well.

    The new log grows longer than the old one was: where it ends before a position, that is noticed without
    its identity.
    """
    first = corpus(ARTICLES // 2, seed, StandIn(), clean=True)
    second = corpus(ARTICLES, seed, StandIn(), clean=True, first=ARTICLES)
    draw = random.Random(seed)
    with world.run(SETTINGS, "" if defended else "identity-unchecked") as fleet:
        for articles in (first, second):
            if articles is second:
                world.replace_log(fleet)
            with world.log(fleet) as log, world.audit(log) as auditor:
                conductor = Conductor(world, fleet, auditor, log, articles, draw, [])
                fleet.start("extract")
                fleet.start("aggregate")
                conductor.perform()
                if articles is first or defended:
                    settle(world, fleet, conductor)
                else:
                    until(lambda log=log: _read_to_its_end(fleet, log), "aggregate to stand at the end")  # type: ignore[misc]
                seen = look(world, log)
                fleet.close()
        return judge(second, seen, fleet.pipeline.record(), tuple(first.made.values()))


def _read_to_its_end(fleet: Fleet, log: EventLog) -> bool:
    """Whether aggregate stands where nothing comes after, by the numbers alone: what is lost is not to be
    told from what is not done."""
    store = Store(fleet.pipeline.context().settings.store.address(), AGGREGATE_GROUP)
    positions = store.positions()
    store.close()
    topics = log.topics()
    read = {
        TopicPartition(name, partition): end
        for name in READ[AGGREGATE_GROUP]
        for partition, (_, end) in topics[name].ranges.items()
    }
    behind = {tp: positions[tp].offset if tp in positions else 0 for tp, end in read.items()}
    behind = {tp: at for tp, at in behind.items() if at < read[tp]}
    return not behind or not log.holds_records(behind)


def tell(world: World, name: str, *, defended: bool, seed: int = 1) -> Verdict:
    """One story, with the defence or without it."""
    story = STORIES[name]
    draw = random.Random(seed)
    articles = corpus(ARTICLES, seed, StandIn(), clean=True)
    with (
        world.run({**SETTINGS, **story.settings}, "" if defended else name) as fleet,
        world.log(fleet) as log,
        world.audit(log) as auditor,
    ):
        schedule = [(0.0, story.play)] if story.play else []
        conductor = Conductor(world, fleet, auditor, log, articles, draw, schedule)
        fleet.start("extract", failpoint=story.failpoint, hold=story.hold)
        fleet.start("aggregate")
        conductor.perform()
        settle(world, fleet, conductor)
        verdict = judge(articles, look(world, log), fleet.pipeline.record())
        verdict.other += [f"offsets went back: {rewind}" for rewind in auditor.rewinds]
        return verdict
