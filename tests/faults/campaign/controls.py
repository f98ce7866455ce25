"""Stories in which a missing defence does its harm: told with the defence nothing happens, told without it the verdict must say so."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.extract.tagger import StandIn
from tests.faults.campaign import faults
from tests.faults.campaign.articles import corpus
from tests.faults.campaign.campaign import look, settle
from tests.faults.campaign.conductor import Conductor, Play
from tests.faults.campaign.verdict import Verdict, judge
from tests.faults.campaign.world import World
from tests.support.kafka_proxy import Api, Fault

ARTICLES = 240
QUICK = {
    "ONRECORD_EXTRACT__TAGGER": "stand-in",
    "ONRECORD_STAGE__MAX_RECORDS": "40",
    "ONRECORD_KAFKA__REQUEST_TIMEOUT_S": "2",
    "ONRECORD_KAFKA__DELIVERY_TIMEOUT_S": "3",
    "ONRECORD_KAFKA__TRANSACTION_TIMEOUT_S": "8",
}
"""Batches expire soon, and hold records of several partitions."""
CUT_S = 6.0
"""Longer than a batch lives."""


@dataclass(frozen=True)
class Story:
    """What is played, at which shares of the articles; and which mistakes it must lead to."""

    plays: tuple[tuple[float, Play], ...]
    harm: Callable[[Verdict], list[str]]


def killed_between(conductor: Conductor) -> None:
    """A process dies with its outputs acknowledged and its offsets not committed."""
    faults.armed("extract", "after_flush")(conductor)


def produce_cut(conductor: Conductor) -> None:
    """No record reaches a broker for longer than a batch lives."""
    conductor.note("wire: PRODUCE CUT", "extract")
    for proxy in conductor.world.proxies:
        proxy.break_(Api.PRODUCE, Fault.CUT, client="onrecord-extract")
    conductor.after(CUT_S, conductor.world.heal, outage=True)


def zombie(conductor: Conductor) -> None:
    """The only process stands still with a batch in its hands until another one has done its work; then it commits."""
    (victim,) = conductor.at_risk("extract")
    conductor.fleet.kill(victim, hold=1)
    held = conductor.fleet.members[victim.name]

    def when_it_stands() -> None:
        if not held.stopped():
            conductor.after(0.2, when_it_stands, outage=True)
            return
        conductor.note("SIGSTOP with a batch in hand", "extract", process=True)
        conductor.fleet.start("extract", "1")
        told = conductor.played[-1]

        def when_others_are_done() -> None:
            conductor.see(time.monotonic())
            if told.recovered is None:
                conductor.after(0.2, when_others_are_done, outage=True)
            else:
                conductor.fleet.resume(held)

        when_others_are_done()

    when_it_stands()


STORIES: Mapping[str, Story] = {
    "transactions-off": Story(((0.2, killed_between), (0.6, killed_between)), lambda verdict: verdict.twice),
    "futures-unchecked": Story(((0.3, produce_cut),), lambda verdict: verdict.lost),
    "membership-omitted": Story(((0.2, zombie),), lambda verdict: verdict.twice),
    "producer-kept": Story(((0.2, zombie),), lambda verdict: verdict.twice + verdict.other),
}


def tell(world: World, name: str, *, defended: bool, seed: int = 1) -> Verdict:
    """One story, with the defence or without it."""
    story = STORIES[name]
    draw = random.Random(seed)
    articles = corpus(ARTICLES, seed, StandIn(), clean=True)
    with world.run(QUICK, "" if defended else name) as fleet, world.log(fleet) as log, world.audit(log) as auditor:
        conductor = Conductor(world, fleet, auditor, log, articles, draw, list(story.plays))
        for service in ("extract", "aggregate"):
            fleet.start(service)
        conductor.perform()
        settle(world, fleet, conductor)
        verdict = judge(articles, look(world, log), fleet.pipeline.record())
        verdict.other += [f"offsets went back: {rewind}" for rewind in auditor.rewinds]
        return verdict
