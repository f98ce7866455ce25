"""A short campaign on each engine, and the controls: with a defence taken away, the campaign must notice.

Those on Kafka take minutes each and run with ``make faults`` (``CAMPAIGN=kafka``). The long form is run by
hand: ``python -m tests.faults.campaign`` (see README.md beside this file).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.campaign.campaign import Plan, run
from tests.faults.campaign.controls import STORIES, tell, tell_of_a_replaced_log
from tests.faults.campaign.report import table
from tests.faults.campaign.world import World, embedded_world, kafka_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

on_kafka = pytest.mark.skipif(
    os.environ.get("CAMPAIGN") != "kafka", reason="the campaign on Kafka takes minutes: `make faults` runs it"
)

SEED = int(os.environ.get("ONRECORD_TEST_SEED", "20261130"))


@pytest.fixture(scope="module")
def kafka() -> Iterator[World]:
    with kafka_world() as world:
        yield world


def sound(world: World, plan: Plan) -> None:
    outcome = run(world, plan)
    print(table(outcome))
    assert outcome.verdict.problems() == []
    assert outcome.kills.keys() == {"SIGKILL", "SIGSTOP", "SIGTERM"}


def test_embedded_campaign() -> None:
    with embedded_world() as world:
        sound(world, Plan(SEED, articles=200, kills=8, pause_s=(2.0, 4.0)))


@pytest.mark.parametrize("defended", [True, False])
def test_a_log_made_anew_beside_its_record_loses_articles_only_where_nobody_looks(defended: bool) -> None:
    with embedded_world() as world:
        missing = tell_of_a_replaced_log(world, defended=defended).record
    assert bool(missing) is not defended, missing


@on_kafka
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("defended", [True, False])
def test_topics_made_anew_beside_their_record_lose_articles_only_where_nobody_looks(
    kafka: World, defended: bool
) -> None:
    missing = tell_of_a_replaced_log(kafka, defended=defended).record
    assert bool(missing) is not defended, missing


@on_kafka
@pytest.mark.kafka
@pytest.mark.postgres
def test_kafka_campaign(kafka: World) -> None:
    sound(kafka, Plan(SEED, articles=600, kills=10, pause_s=(7.0, 9.0), outages=9))


@on_kafka
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("name", STORIES)
def test_without_a_defence_the_campaign_fails(kafka: World, name: str) -> None:
    harm = STORIES[name].harm(tell(kafka, name, defended=False))
    assert harm, "the campaign is blind to this"
