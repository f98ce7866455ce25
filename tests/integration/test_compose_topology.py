"""``deploy/compose.yaml`` started process by process: its own commands, environment, order and health checks
on real servers.

Left out: Grafana, of which no package can be had (what it is given is checked in tests/deploy), and
Alertmanager where Debian's package is not installed.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, ConfigType
from sqlalchemy.engine import make_url

from schemas import relational
from services.embedded import SAMPLES
from tests.support import images
from tests.support.compose import FILE, load
from tests.support.reader_role import not_denied
from tests.support.topology import PATIENCE_S, Topology

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.prometheus,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
]

JOBS = {"ingest", "extract", "aggregate", "query", "lag", "prometheus"}
ARTICLES = len(list(SAMPLES.glob("*.txt")))
NO_PROPERTIES = {"KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS"}
"""Read by Kafka's start script, not by the broker."""
UNKNOWN = "KAFKA_NO_SUCH_PROPERTY"
"""Added by the test: the broker ignores what it does not know, and this one shows that we would see it."""
ASSIGNED = re.compile(r'^onrecord_rebalances_total\{kind="assigned",service="extract"\} [1-9]', re.MULTILINE)
TERMINATED = 128 + signal.SIGTERM
"""How Java ends after an orderly shutdown by SIGTERM."""


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    """Everything up and healthy."""
    images.require_all()
    # not pytest's own folder: PostgreSQL's user must be able to read in it
    folder = Path(tempfile.mkdtemp(prefix="onrecord-compose-"))
    folder.chmod(0o755)
    without = ["grafana"] if images.find_alertmanager() else ["grafana", "alertmanager"]
    text = FILE.read_text(encoding="utf-8").replace(
        "    KAFKA_NODE_ID:", f'    {UNKNOWN}: "1"\n      KAFKA_NODE_ID:'
    )
    try:
        with Topology(
            load(text), folder, images.STARTERS, images.kafka_programs(folder / "kafka-bin"), without
        ) as started:
            started.up()
            yield started
    finally:
        shutil.rmtree(folder)


def test_the_samples_come_out_at_the_pages(topology: Topology) -> None:
    pages = topology.url("query", 8080)
    wait(lambda: get(f"{pages}/v1/articles?limit=1")["total"] == ARTICLES, "all samples on record")
    (actor,) = get(f"{pages}/v1/actors?limit=1")["items"]
    assert get(f"{pages}/v1/actors/{actor['actor_id']}/statements?limit=1")["items"][0]["text"]
    with urllib.request.urlopen(f"{pages}/", timeout=PATIENCE_S) as page:
        assert "text/html" in page.headers["content-type"]


def test_both_extract_processes_take_part_in_slots_of_their_own(topology: Topology) -> None:
    slots = [container.environment["ONRECORD_LOG__INSTANCE"] for container in topology.of("extract")]
    assert slots == ["extract-1", "extract-2"]
    for container in topology.of("extract"):
        url = f"http://{container.address}:9464/metrics"
        wait(lambda url=url: ASSIGNED.search(read(url).decode()), f"{container.name} to be given partitions")  # type: ignore[misc]


def test_an_article_is_pushed_with_the_token_that_was_made(topology: Topology) -> None:
    token = (topology.folder / "volumes" / "credentials" / "push-token").read_text()
    article = {
        "article_id": "pushed-1", "content_type": "text/plain", "outlet": "example.org",
        "content": "“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday.",
    }  # fmt: skip
    request = urllib.request.Request(
        f"{topology.url('ingest', 8081)}/v1/articles", json.dumps(article).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert answer.status == 202
    url = f"{topology.url('query', 8080)}/v1/search?q=tunnel"
    wait(lambda: get(url)["statements"]["total"] > 0, "the pushed article's statement")


def test_query_reads_with_a_role_that_can_change_nothing(topology: Topology) -> None:
    (container,) = topology.of("query")
    address = Path(container.environment["ONRECORD_STORE__URL_FILE"]).read_text()
    reader = sa.create_engine(make_url(address).set(drivername="postgresql+pg8000"))
    with reader.connect() as connection:
        assert connection.execute(sa.text("SELECT current_user")).scalar_one() == "onrecord_reader"
        assert connection.execute(sa.select(sa.func.count()).select_from(relational.documents)).scalar_one()
    assert not_denied(reader) == []
    reader.dispose()


def test_prometheus_sees_every_target(topology: Topology) -> None:
    def up() -> bool:
        targets = get(f"{topology.url('prometheus', 9090)}/api/v1/targets")["data"]["activeTargets"]
        assert {target["labels"]["job"] for target in targets} == JOBS
        # two of extract
        return len(targets) == len(JOBS) + 1 and all(target["health"] == "up" for target in targets)

    wait(up, "every target to be scraped")
    rules = get(f"{topology.url('prometheus', 9090)}/api/v1/rules")["data"]["groups"]
    assert any(rule["type"] == "alerting" for group in rules for rule in group["rules"])


def test_the_broker_knows_every_property_it_is_given(topology: Topology) -> None:
    (container,) = topology.of("kafka")
    given = dict(
        line.split("=", 1)
        for line in (container.mounts["/opt/kafka/config"] / "server.properties").read_text().split("\n")
        if line
    )
    resource = ConfigResource(ConfigResourceType.BROKER, container.environment["KAFKA_NODE_ID"], None)
    with KafkaAdminClient(bootstrap_servers=f"{container.address}:19092") as admin:
        taken = admin.describe_configs([resource], config_filter="all")["broker"][resource.name]
    assert [name for name in given if taken[name]["config_type"] == ConfigType.UNKNOWN.name] == [
        "no.such.property"
    ]
    assert given.pop("no.such.property") == "1"
    assert {name: taken[name]["value"] for name in given} == given
    assert (
        len(given)
        == sum(name.startswith("KAFKA_") for name in container.environment.keys() - NO_PROPERTIES) - 1
    )


def test_everything_stops_in_order(topology: Topology) -> None:
    codes = topology.down()
    assert codes.pop("kafka-1") == TERMINATED
    assert set(codes.values()) == {0}, codes
    assert {name.rpartition("-")[0] for name in codes} >= {
        "ingest",
        "extract",
        "aggregate",
        "query",
        "lag",
        "prometheus",
        "postgres",
    }


def test_a_misspelt_variable_is_caught(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8").replace(
        "ONRECORD_KAFKA__BOOTSTRAP_SERVERS", "ONRECORD_KAFKA__BOOTSTRAP_SERVER"
    )
    with Topology(load(text), tmp_path, {}) as topology:
        (container,) = topology.of("topics")
        topology.start(container)
        assert container.process is not None
        assert container.process.wait(PATIENCE_S) == 2
        assert "ONRECORD_KAFKA__BOOTSTRAP_SERVER: no such setting" in container.tail


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return bytes(answer.read())


def get(url: str) -> Any:
    return json.loads(read(url))


def wait(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(OSError, http.client.HTTPException):  # a busy server may be late with one answer
            if condition():
                return
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.5)
