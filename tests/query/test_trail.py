"""Where articles went and which sources are silent, for programs and for people, on both engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from lxml import html

from schemas import relational
from services.query.database import Database
from services.query.records.sources import listing
from services.query.rendering import span
from tests.support.reading import reader
from tests.support.statements import NOON
from tests.support.trail import TRACE, fill_trail


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def followed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a record with trails in it."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path_factory.mktemp('trail') / 'record.db'}"
    else:
        base = f"postgresql+pg8000://onrecord@{request.getfixturevalue('postgres_server')}"
        engine = sa.create_engine(f"{base}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE trails")
        engine.dispose()
        address = f"{base}/trails"
    fill_trail(address)
    return address


@pytest.fixture
def api(followed: str) -> Iterator[TestClient]:
    with reader(followed) as found:
        yield found


def trail(api: TestClient, name: str) -> Any:
    answer = api.get(f"/v1/articles/{quote(name, safe='')}/trail")
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(found: Any) -> list[tuple[str, str, int | None]]:
    return [(step["stage"], step["outcome"], step["revision"]) for step in found["steps"]]


def test_a_revised_article_tells_which_revision_counts(api: TestClient) -> None:
    found = trail(api, "art-1")
    assert (found["status"], found["revision"], found["quotes"], found["claims"], found["waiting"]) == (
        "on_record",
        2,
        2,
        0,
        0,
    )
    # records of the log were made in March, recorded when the test ran
    assert told(found) == [
        ("ingest", "accepted", 1), ("extract", "extracted", 1), ("ingest", "accepted", 2), ("extract", "extracted", 2),
        ("aggregate", "superseded", 1), ("aggregate", "on_record", 2),
    ]  # fmt: skip
    assert [step["after_s"] for step in found["steps"][:4]] == [None, 2.0, 86_398.0, 90.0]
    assert {step["trace_id"] for step in found["steps"]} == {TRACE}
    assert (found["steps"][1]["topic"], found["steps"][1]["partition"], found["steps"][1]["offset"]) == (
        "onrecord.documents",
        0,
        0,
    )


def test_a_withdrawn_article_is_traced(api: TestClient) -> None:
    found = trail(api, "art-gone")
    assert (found["status"], found["quotes"]) == ("withdrawn", 0)
    assert ("ingest", "withdrawn", 2) in told(found)
    assert ("aggregate", "withdrawn", 2) in told(found)
    assert ("aggregate", "superseded", 1) in told(found)


def test_poison_is_traced_to_its_dead_letter(api: TestClient) -> None:
    found = trail(api, "art-poison")
    assert (found["status"], found["outlet"]) == ("dead_lettered", "Herald")
    dead = found["steps"][-1]
    assert (dead["stage"], dead["outcome"], dead["reason"], dead["letter"]) == (
        "extract",
        "dead_lettered",
        "too_deep",
        "0:41",
    )
    assert (dead["topic"], dead["offset"], dead["detail"]) == ("onrecord.articles", 9, "article: too_deep")


def test_refused_input_is_traced_by_its_name_once(api: TestClient) -> None:
    found = trail(api, "lines.jsonl line 2")
    assert (found["status"], found["article_id"], found["input"]) == ("rejected", None, "lines.jsonl line 2")
    assert [(step["outcome"], step["letter"]) for step in found["steps"]] == [("rejected", "0:42")]


def test_an_article_on_its_way_says_so(api: TestClient) -> None:
    assert trail(api, "art-new")["status"] == "in_progress"


def test_an_unknown_article_is_a_problem_that_says_why(api: TestClient) -> None:
    answer = api.get("/v1/articles/art-never/trail")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:onrecord:problem:unknown-article"
    assert "duplicate" in answer.json()["detail"]


def test_an_article_whose_trail_is_gone_is_still_known(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill_trail(address)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.delete(relational.trail))
    engine.dispose()
    with reader(address) as found:
        assert (trail(found, "art-1")["status"], trail(found, "art-1")["steps"]) == ("on_record", [])
        assert "older than trails are kept" in found.get("/articles/art-1/trail").text


def test_sources_tell_who_is_silent(followed: str) -> None:
    database = Database(followed)
    with database.reading() as connection:
        listed = listing(connection, NOON + dt.timedelta(days=1, hours=1))
    database.close()
    assert (listed.total, listed.silent) == (3, 1)
    quiet, gazette, herald = listed.items
    assert (quiet.outlet, quiet.silent_since, quiet.usual_silence_s) == (
        "Quiet Post",
        NOON - dt.timedelta(days=2),
        6 * 3600,
    )
    assert (gazette.outlet, gazette.articles_24h, gazette.articles_7d, gazette.silent_since) == (
        "Gazette",
        3,
        5,
        None,
    )
    assert gazette.outcomes == {"extracted": 3, "withdrawn": 1}
    assert (herald.outlet, herald.outcomes) == ("Herald", {"dead_lettered": 1})


def test_sources_are_listed_as_of_now(api: TestClient) -> None:
    listed = api.get("/v1/sources").json()
    assert listed["total"] == len(listed["items"])


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/articles/art-1", 200, ["Where it went: 6 steps", "superseded", TRACE]),
        ("/articles/art-1/trail", 200, ["On record", "revision 2", "2 quotes"]),
        ("/articles/art-gone", 410, ["Withdrawn by its publisher"]),
        ("/articles/art-poison", 404, ["dead letters", "too deep", "article: too_deep"]),
        ("/articles/lines.jsonl%20line%202/trail", 200, ["refused when it came in", "no content"]),
        ("/articles/art-new", 404, ["on its way"]),
        ("/sources", 200, ["Sources"]),
    ],
)
def test_people_see_the_same(api: TestClient, path: str, status: int, words: list[str]) -> None:
    answer = api.get(path, headers={"accept": "text/html"})
    assert answer.status_code == status
    text = " ".join(html.fromstring(answer.content.decode()).text_content().split())
    for word in words:
        assert word in text


def test_an_unknown_article_stays_a_plain_problem(api: TestClient) -> None:
    answer = api.get("/articles/art-never", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "is on record" in answer.text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (0.31, "0.3 s"),
        (42, "42 s"),
        (59.9, "60 s"),
        (61, "1 min"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, shown: str) -> None:
    assert span(seconds) == shown
