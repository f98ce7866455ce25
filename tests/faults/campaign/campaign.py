"""One campaign: articles, an oracle, services under fire, and a verdict."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from schemas.events import Document
from services.chassis.errors import TransientError
from services.chassis.log.groups import EXTRACT_GROUP
from services.chassis.log.types import EventLog
from services.chassis.service import Context
from services.embedded import EMPTY_LOOKS, Backlog, Progress
from services.extract.tagger import StandIn, Tagger
from tests.faults.campaign import faults
from tests.faults.campaign.articles import Corpus, corpus
from tests.faults.campaign.auditor import Seen, gaps
from tests.faults.campaign.conductor import Conductor, Play, Played
from tests.faults.campaign.fleet import Death, Fleet
from tests.faults.campaign.soak import Sampler
from tests.faults.campaign.verdict import Verdict, damage, judge
from tests.faults.campaign.world import World, watched
from tests.support.patience import LOOK_S, PATIENCE_S, until

CALM = 0.1
"""Share of the articles before the first fault."""
LAST = 0.92
"""And after which no fault begins any more."""


@dataclass(frozen=True)
class Plan:
    """How large, and how hard."""

    seed: int
    articles: int
    kills: int
    pause_s: tuple[float, float] = (5.0, 20.0)
    outages: int | None = None
    """How many; None: each kind once."""
    tagger: str = "stand-in"
    sabotage: str = ""
    replicas: int = 3
    per_s: float | None = None
    """Articles a second at most; None: as fast as they are handled."""
    soak: bool = False
    """Spare the first replica of extract and of aggregate, and watch them."""


@dataclass
class Outcome:
    """What a campaign found and measured."""

    plan: Plan
    engine: str
    verdict: Verdict
    inputs: int
    seconds: float
    kills: dict[str, int]
    played: list[Played]
    deaths: list[Death]
    steady_per_s: float
    chaos_per_s: float
    stall_s: float
    aborted: int
    """Documents in transactions that never happened: work done again."""
    documents: int
    soak: str
    """Its table."""
    rebalances: int


def tagger_of(plan: Plan) -> StandIn | Tagger:
    """The tagger that services and oracle use."""
    return StandIn() if plan.tagger == "stand-in" else Tagger.load()


def run(world: World, plan: Plan, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Play one campaign."""
    draw = random.Random(plan.seed)
    articles = corpus(plan.articles, plan.seed, tagger_of(plan))
    say(f"{len(articles.messages)} inputs, {articles.outputs()} outputs to come of them")
    with (
        world.run({"ONRECORD_EXTRACT__TAGGER": plan.tagger}, plan.sabotage) as fleet,
        world.log(fleet) as log,
        world.audit(log) as auditor,
    ):
        conductor = Conductor(
            world, fleet, auditor, log, articles, draw, *_schedules(world, plan, draw), per_s=plan.per_s
        )
        for service in ("extract", "aggregate"):
            fleet.start(service)
        if plan.soak:
            conductor.sampler = Sampler(frozenset(fleet.members))
            fleet.start("aggregate", "1")
        started = time.monotonic()
        conductor.perform()
        seconds = time.monotonic() - started
        say(f"all articles handled after {seconds:.0f} s; settling")
        settle(world, fleet, conductor)
        return _outcome(world, plan, articles, conductor, log, fleet, seconds)


def settle(world: World, fleet: Fleet, conductor: Conductor) -> None:
    """Wait until everything is on record and nothing is under way; the fleet is looked after meanwhile."""

    def looked_after() -> bool:
        conductor.turn()
        return True

    try:
        until(lambda: not fleet.zombies, "the processes whose slots were given away to end", looked_after)
    except AssertionError as error:
        error.add_note(
            "\n".join(
                f"== {one.name}, process {one.process.pid}\n{fleet.tail(one.name)}" for one in fleet.zombies
            )
        )
        error.add_note("\n".join(map(str, fleet.deaths)))
        raise
    _drain(replace(fleet.pipeline.context(), log=conductor.log), looked_after)
    if world.engine == "kafka":
        until(lambda: not world.open_transactions(), "the last transactions to end", looked_after)


def _drain(context: Context, meanwhile: Callable[[], bool]) -> None:
    """Wait until everything is on record, however long that takes while it comes closer."""
    looks, moved = 0, time.monotonic()
    mark: Backlog | None = None
    with Progress(context) as progress:
        while looks < EMPTY_LOOKS:
            meanwhile()
            left = _left(progress)
            if left != mark:
                mark, moved = left, time.monotonic()
            assert time.monotonic() - moved < PATIENCE_S, f"the backlog stopped to drain at {left}"
            looks = looks + 1 if left is not None and left.empty else 0
            time.sleep(LOOK_S)


def _left(progress: Progress) -> Backlog | None:
    try:
        return progress.backlog()
    except TransientError:
        return None


def look(world: World, log: EventLog) -> Seen:
    """Everything that was committed, from the beginning."""
    seen = Seen()
    for record in world.everything(log, watched(log)):
        seen.take(record)
    return seen


def _schedules(
    world: World, plan: Plan, draw: random.Random
) -> tuple[list[tuple[float, Play]], list[tuple[float, Play]]]:
    processes = _spread(faults.process_faults(plan.kills, world.engine, plan.pause_s, draw))
    if world.engine == "sqlite":
        return processes, []
    steps: list[tuple[float, Play]] = [(CALM, faults.scale(plan.replicas)), (0.5, faults.add_partition)]
    if not plan.soak:
        steps.append((LAST, faults.scale(1)))
    outages = faults.outages(disk=world.disk is not None)
    wanted = len(outages) if plan.outages is None else plan.outages
    outages = [outages[at % len(outages)] for at in range(wanted)]
    return sorted(processes + steps, key=lambda item: item[0]), _spread(outages)


def _spread(plays: list[Play]) -> list[tuple[float, Play]]:
    """Evenly between the calm at the beginning and that at the end."""
    return [(CALM + (LAST - CALM) * (at + 0.5) / len(plays), play) for at, play in enumerate(plays)]


def _outcome(
    world: World,
    plan: Plan,
    articles: Corpus,
    conductor: Conductor,
    log: EventLog,
    fleet: Fleet,
    seconds: float,
) -> Outcome:
    auditor = conductor.auditor
    seen = look(world, log)
    verdict = judge(articles, seen, fleet.pipeline.record())
    verdict.other += [f"offsets went back: {rewind}" for rewind in auditor.rewinds]
    verdict.other += [f"unplanned: {end}" for end in conductor.unplanned]
    if auditor.seen.outputs - seen.outputs:
        verdict.other.append("something was seen committed that is not there any more")
    if world.engine == "kafka":
        verdict.other += [f"open transaction: {one}" for one in world.open_transactions()]
    else:
        fleet.close()
        verdict.other += [
            line for name in ("log.db", "record.db") for line in damage(str(fleet.pipeline.folder / name))
        ]
    moments = auditor.seen.moments
    first = next((one.at for one in conductor.played), moments[-1])
    calm = [moment for moment in moments if moment < first]
    documents = sum(times for (topic, _), times in seen.outputs.items() if topic == Document.topic)
    return Outcome(
        plan=plan,
        engine=world.engine,
        verdict=verdict,
        inputs=sum(seen.inputs.values()) + sum(seen.poison.values()),
        seconds=seconds,
        kills=dict(conductor.kills),
        played=conductor.played,
        deaths=fleet.deaths,
        steady_per_s=_rate(calm),
        chaos_per_s=_rate([moment for moment in moments if moment >= first]),
        stall_s=max((length for length, _ in gaps(moments)), default=0.0),
        aborted=_written(world, log) - documents,
        documents=documents,
        soak=conductor.sampler.table() if plan.soak else "",
        rebalances=_generation(world),
    )


def throughput(world: World, seed: int, articles: int, sabotage: str = "") -> float:
    """Articles a second of one undisturbed extract that finds all of them on the log."""
    found = corpus(articles, seed, StandIn(), clean=True)
    with (
        world.run({"ONRECORD_EXTRACT__TAGGER": "stand-in"}, sabotage) as fleet,
        world.log(fleet) as log,
        world.audit(log) as auditor,
    ):
        with log.producer("campaign-feeder") as producer:
            for at in range(0, len(found.messages), 100):
                producer.append(found.messages[at : at + 100])
        fleet.start("extract")
        until(lambda: auditor.handled() >= len(found.messages), "the articles to be extracted")
        return _rate(auditor.seen.moments)


def _written(world: World, log: EventLog) -> int:
    """Documents, those of transactions that never happened included; on SQLite nothing is left of these."""
    partitions = [tp for tp in watched(log) if tp.topic == Document.topic]
    return sum(1 for _ in world.everything(log, partitions, "read_uncommitted"))


def _generation(world: World) -> int:
    """How often extract's group was shared out anew, by the brokers' own logs (each begins when its broker
    starts)."""
    if world.cluster is None:
        return 0
    text = "".join(broker.log.read_text(errors="replace") for broker in world.cluster.brokers)
    found = re.findall(rf"Stabilized group {EXTRACT_GROUP} generation (\d+)", text)
    return max(map(int, found), default=0)


def _rate(moments: list[float]) -> float:
    span = moments[-1] - moments[0] if len(moments) > 1 else 0.0
    return (len(moments) - 1) / span if span else 0.0
