"""The faults, and how many of each a campaign of a given size plays."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kafka.errors import KafkaError

from services.chassis.devkafka.broker import Broker
from services.chassis.log.groups import EXTRACT_GROUP
from tests.faults.campaign.fleet import Member
from tests.support.kafka_proxy import Api, Fault

if TYPE_CHECKING:
    from tests.faults.campaign.conductor import Conductor, Play

POINTS = {
    "kafka": {
        "extract": (
            "after_send",
            "after_flush",
            "after_offsets",
            "before_commit",
            "after_commit",
            "dead_letter_write",
        ),
        "aggregate": ("before_commit", "after_commit"),
    },
    "sqlite": {
        "extract": (
            "after_send",
            "after_flush",
            "after_offsets",
            "before_commit",
            "after_commit",
            "dead_letter_write",
        ),
        "aggregate": ("before_commit", "after_commit"),
    },
}
"""Where a process kills itself in the middle of a transaction."""
WIRE = (
    (Api.PRODUCE, Fault.CUT), (Api.PRODUCE, Fault.LOSE_ANSWER), (Api.ADD_OFFSETS_TO_TXN, Fault.SILENCE),
    (Api.TXN_OFFSET_COMMIT, Fault.LOSE_ANSWER), (Api.END_TXN, Fault.LOSE_ANSWER), (Api.END_TXN, Fault.SILENCE),
    (Api.FETCH, Fault.DELAY_ANSWER), (Api.HEARTBEAT, Fault.SILENCE), (Api.PRODUCE, Fault.SILENCE),
    (Api.ADD_OFFSETS_TO_TXN, Fault.CUT), (Api.TXN_OFFSET_COMMIT, Fault.SILENCE), (Api.END_TXN, Fault.DELAY_ANSWER),
    (Api.FETCH, Fault.SILENCE), (Api.HEARTBEAT, Fault.CUT), (Api.FETCH, Fault.CUT),
)  # fmt: skip
"""By what they do to a request; in the order in which a short campaign takes them."""
WIRE_S = 8.0
"""Longest wait for two such requests."""
DELAY_S = 3.0
OUTAGE_S = 3.0
AGAIN_S = 0.5
"""Before a fault that found nobody to harm looks again."""


def process_faults(count: int, engine: str, pause_s: tuple[float, float], draw: random.Random) -> list[Play]:
    """``count`` kills: 70 % SIGKILL, half of them at a failpoint, 20 % SIGSTOP, 10 % SIGTERM; a tenth of the
    rest on aggregate."""
    stops = max(1, round(0.2 * count))
    terms = max(1, round(0.1 * count))
    hard = count - stops - terms
    plays: list[Play] = [terminate] * terms
    plays += [
        _stand(draw.uniform(*pause_s), replaced=at % 2 == 1 and engine == "kafka") for at in range(stops)
    ]
    points = [(service, point) for service, names in POINTS[engine].items() for point in names]
    draw.shuffle(points)
    # arming a process takes a kill as well
    plays += [armed(*points[at % len(points)]) for at in range(hard // 2)]
    plays += [kill] * (hard - 2 * (hard // 2))
    draw.shuffle(plays)
    return plays


def kill(conductor: Conductor) -> None:
    """SIGKILL at any moment."""
    member = _victim(conductor, kill)
    if member is not None:
        conductor.note("SIGKILL at random", member.service, process=True)
        conductor.fleet.kill(member)


def terminate(conductor: Conductor) -> None:
    """SIGTERM."""
    member = _victim(conductor, terminate)
    if member is not None:
        conductor.note("SIGTERM", member.service, process=True)
        conductor.fleet.stop(member)


def armed(service: str, point: str) -> Play:
    """SIGKILL at any moment; what is started in its place kills itself at a point of its transaction."""

    def play(conductor: Conductor) -> None:
        member = _one_of(conductor, service, play)
        if member is None:
            return
        conductor.note("SIGKILL at random", service, process=True)
        # dead letters are rare
        hit = 1 if point == "dead_letter_write" else conductor.draw.randrange(1, 4)
        conductor.fleet.kill(member, failpoint=f"{point}:{hit}")

    return play


def _stand(seconds: float, *, replaced: bool) -> Play:
    def play(conductor: Conductor) -> None:
        """SIGSTOP, and SIGCONT later; in between the slot may be given to another process."""
        member = _victim(conductor, play)
        if member is None:
            return
        conductor.note(
            "SIGSTOP with the slot given away" if replaced else "SIGSTOP", member.service, process=True
        )
        conductor.fleet.pause(member)
        if replaced:
            conductor.fleet.replace(member)
        conductor.after(seconds, lambda: conductor.fleet.resume(member))

    return play


def broker(which: Callable[[Conductor], list[int]], kind: str) -> Play:
    """SIGKILL brokers by node id, and start them again."""

    def play(conductor: Conductor) -> None:
        cluster = conductor.world.cluster
        assert cluster is not None
        try:
            nodes = which(conductor)
        except KafkaError:  # brokers are coming back from the fault before
            conductor.after(1.0, lambda: play(conductor), outage=True)
            return
        found = [one for one in cluster.brokers if one.node_id in nodes and one.pid is not None]
        conductor.note(kind, "extract")
        for one in found:
            one.kill()
        conductor.after(OUTAGE_S, lambda: _start(found), outage=True)

    return play


def _start(brokers: list[Broker]) -> None:
    for one in brokers:
        one.start(die_with_parent=True)


def each_broker() -> list[Play]:
    """One after the other."""
    return [broker(lambda _, node=node: [node], "broker killed") for node in (1, 2, 3)]  # type: ignore[misc]


def coordinators() -> list[Play]:
    """The leader of the group, and that of a transactional id."""
    return [
        broker(
            lambda conductor: [conductor.world.coordinator(EXTRACT_GROUP, "GROUP")],
            "group coordinator killed",
        ),
        broker(
            lambda conductor: [conductor.world.coordinator(f"{EXTRACT_GROUP}-0", "TRANSACTION")],
            "transaction coordinator killed",
        ),
    ]


def all_brokers() -> Play:
    """At once."""
    return broker(lambda _: [1, 2, 3], "all brokers killed")


def wire(api: Api, fault: Fault) -> Play:
    """Break the next two requests of a type, of extract only."""

    def play(conductor: Conductor) -> None:
        conductor.note(f"wire: {api.name} {fault.name}", "extract")
        told = conductor.played[-1]
        proxies = conductor.world.proxies
        rules = [
            proxy.break_(api, fault, times=2, client="onrecord-extract", delay_s=DELAY_S) for proxy in proxies
        ]
        deadline = time.monotonic() + WIRE_S

        def over() -> None:
            hits = sum(rule.hits for rule in rules)
            if hits < 2 and time.monotonic() < deadline:
                conductor.after(AGAIN_S, over, outage=True)
                return
            told.kind += "" if hits else ", none came"
            conductor.after(
                DELAY_S if fault is Fault.DELAY_ANSWER else 0.0, conductor.world.heal, outage=True
            )

        over()

    return play


def database_killed(conductor: Conductor) -> None:
    """SIGKILL PostgreSQL with all its sessions, and start it again."""
    server = conductor.world.postgres
    assert server is not None
    conductor.note("PostgreSQL killed", "aggregate")
    server.kill()
    conductor.after(OUTAGE_S, server.start, outage=True)


def database_cut(conductor: Conductor) -> None:
    """Break all connections to PostgreSQL, and let none in for a while."""
    proxy = conductor.world.wire
    assert proxy is not None
    conductor.note("PostgreSQL cut off", "aggregate")
    proxy.sever()
    conductor.after(OUTAGE_S, proxy.heal, outage=True)


_SERIALIZATION = (
    "CREATE OR REPLACE FUNCTION campaign_fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF random() <"
    " 0.5 THEN RAISE EXCEPTION 'could not serialize access due to concurrent update' USING ERRCODE = '40001';"
    " END IF; RETURN NULL; END $$"
)


def serialization(conductor: Conductor) -> None:
    """The server refuses half of the transactions with SQLSTATE 40001, as it does where two of them meet."""
    server, database = conductor.world.postgres, conductor.world.database
    assert server is not None
    conductor.note("PostgreSQL serialization failures", "aggregate")
    server.ask(_SERIALIZATION, database)
    server.ask(
        "CREATE TRIGGER campaign AFTER INSERT OR UPDATE ON documents EXECUTE FUNCTION campaign_fails()",
        database,
    )
    conductor.after(
        OUTAGE_S, lambda: server.ask("DROP FUNCTION campaign_fails CASCADE", database), outage=True
    )


def disk_full(conductor: Conductor) -> None:
    """Fill the disk that the record lies on, and empty it later."""
    disk = conductor.world.disk
    assert disk is not None
    conductor.note("PostgreSQL's disk full", "aggregate")
    disk.fill()
    conductor.after(OUTAGE_S, disk.make_room, outage=True)


def scale(replicas: int) -> Play:
    """This many replicas of extract."""

    def play(conductor: Conductor) -> None:
        wanted = [str(slot) for slot in range(replicas)]
        have = {
            member.slot: name
            for name, member in conductor.fleet.members.items()
            if member.service == "extract"
        }
        for slot in wanted:
            if slot not in have:
                conductor.fleet.start("extract", slot)
        for slot, name in have.items():
            if slot not in wanted:
                conductor.fleet.resume(conductor.fleet.members[name])
                conductor.fleet.retire(name)

    return play


def add_partition(conductor: Conductor) -> None:
    """One more partition of the articles."""
    conductor.world.add_partition()
    conductor.reread()


def outages(*, disk: bool) -> list[Play]:
    """One of each kind, the most telling first: a short campaign takes the first ones."""
    one, two, three = each_broker()
    group, transaction = coordinators()
    wires = [wire(*broken) for broken in WIRE]
    full = [disk_full] if disk else []
    first = [
        wires[4],
        all_brokers(),
        database_killed,
        wires[0],
        group,
        database_cut,
        wires[3],
        serialization,
        *full,
        one,
    ]
    rest = [wire for at, wire in enumerate(wires) if at not in (0, 3, 4)]
    return [*first, transaction, two, *rest[:5], three, *rest[5:]]


def _victim(conductor: Conductor, play: Play) -> Member | None:
    """Of extract more often than of aggregate; None where none can be harmed just now, and the fault comes
    later."""
    return _one_of(conductor, conductor.draw.choice(("extract", "extract", "aggregate")), play)


def _one_of(conductor: Conductor, service: str, play: Play) -> Member | None:
    members = conductor.at_risk(service)
    if members:
        return conductor.draw.choice(members)
    conductor.after(AGAIN_S, lambda: play(conductor))
    return None
