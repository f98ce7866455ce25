"""Search on both databases: one language, one answer."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import relational
from schemas.events import ClaimKind, Stance
from schemas.words import words
from services.aggregate.store import Store
from services.aggregate.store.engine import open_engine
from services.aggregate.store.migrate import configuration
from services.query.search import finding
from services.query.search.language import And, Node, Not, Or, Words, parse
from tests.support.appearances import UNIVERSE
from tests.support.reading import at, fill, reader
from tests.support.record import feed, open_store, rows
from tests.support.statements import Event
from tests.support.stories import Said, story

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
STORED = ("documents", "statements", "actors", "tallies", "identities", "identity_keys")
COLUMNS = [column for column in relational.search.columns if column.name not in ("id", "vector")]


def said(article: str, who: str, pieces: str | Sequence[str], **facts: Any) -> list[Event]:
    """An article in which someone says something."""
    parts = [pieces] if isinstance(pieces, str) else list(pieces)
    detail = {name: facts.pop(name) for name in ("kind", "stance", "cue") if name in facts}
    return list(
        story(article, f"“{' ” … “'.join(parts)}” {who} said.", [Said(who, parts, **detail)], **facts)
    )


SAMPLE: dict[str, list[Event]] = {
    article: said(article, who, pieces, **facts)
    for article, who, pieces, facts in (
        ("nato", "Ana Lee", "NATO will expand its training mission", {"published_at": at(2026, 3, 5)}),
        ("senator", "Owen Brandt", "The senator explained nothing", {"outlet": "Northern Post", "published_at": at(2026, 2, 5)}),
        ("reopen", "Ana Lee", "The bridge will reopen in May", {"published_at": at(2026, 3, 1), "stance": Stance.PROMISE}),
        ("bridges", "Bo Chen", "Three bridges reopened in the north, and the bridge in the south never closed",
         {"published_at": at(2026, 1, 1), "outlet": "Northern Post"}),
        ("tunnel", "Bo Chen", "The tunnel is no bridge", {"published_at": None, "kind": ClaimKind.INDIRECT}),
        ("gap", "Ana Lee", ["It is safe", "to cross"], {}),
        ("possessive", "Bo Chen", "Lee’s check-point in the U.S. won’t open", {}),
        ("russian", "Анна Ли", "О переговорах не говорили", {"language": "ru"}),
        ("arabic", "نجيب محفوظ", "قال إنّ المفاوضات مستمرة", {"language": "ar"}),
        ("japanese", "山田", "首相は国会で説明した", {"language": "ja"}),
        ("german", "Jörg Müller", "Die Häuser sind zerstört", {"language": "de"}),
        ("polish", "Ana Lee", "The café on Łódź Street", {}),
        ("withdrawn", "Ana Lee", "An unwithdrawable word", {}),
    )
}  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def record(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a record with the sample."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path_factory.mktemp('search') / 'record.db'}"
    else:
        base = f"postgresql+pg8000://onrecord@{request.getfixturevalue('postgres_server')}"
        engine = sa.create_engine(f"{base}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE searching")
        engine.dispose()
        address = f"{base}/searching"
    fill(address, [event for events in SAMPLE.values() for event in events])
    store = Store(address, "test")
    feed(store, [story("withdrawn", "", revision=2, withdrawn=True)])
    store.close()
    return address


@pytest.fixture(scope="module")
def api(record: str) -> Iterator[TestClient]:
    with reader(record) as found:
        yield found


def ask(api: TestClient, q: str, **query: Any) -> Any:
    answer = api.get("/v1/search", params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def articles(answer: Any) -> list[str]:
    return [item["article"]["article_id"] for item in answer["statements"]["items"]]


# -- what is found -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("nato", "nato"),  # and not Senator
        ("senator", "senator"),
        ("SENAT*", "senator"),
        ("bridge", "reopen bridges tunnel"),
        ("bridges", "reopen bridges tunnel"),
        ("=bridges", "bridges"),
        ('"bridges"', "bridges"),
        ("bridge -tunnel", "reopen bridges"),
        ("bridge NOT (tunnel OR north)", "reopen"),
        ("tunnel OR nato", "tunnel nato"),
        ("(tunnel OR nato) mission", "nato"),
        ("tunnel OR nato mission", "tunnel nato"),
        ('"bridge will reopen"', "reopen"),
        ('"will bridge"', ""),
        ('"bridge reopen"', ""),
        ("bridge reopens", "reopen bridges"),
        ("reop*", "reopen bridges"),
        ("check-point", "possessive"),
        ("check-po*", "possessive"),
        ("lee", "possessive"),
        ("lee's", "possessive"),
        ("US", "possessive"),
        ("u.s.", "possessive"),
        ("won't", "possessive"),
        ('"safe to"', ""),  # pieces that stand apart
        ("safe cross", "gap"),
        ("переговоры", "russian"),
        ("Переговорах", "russian"),
        ("=переговоры", ""),
        ("المفاوضات", "arabic"),
        ("إن", "arabic"),
        ("国会", "japanese"),
        ("会国", ""),
        ("Haus zerstoert", "german"),
        ("haus zerstört", "german"),
        ("HÄUSER", "german"),
        ("cafe lodz", "polish"),
        ("unwithdrawable", ""),
        ("the", "senator reopen bridges tunnel possessive polish"),
    ],
)
def test_what_is_found(api: TestClient, query: str, expected: str) -> None:
    answer = ask(api, query)
    assert set(articles(answer)) == set(expected.split())
    assert answer["statements"]["total"] == len(expected.split())
    assert answer["statements"]["exact"] is True


def test_order(api: TestClient) -> None:
    assert articles(ask(api, "bridge")) == ["reopen", "bridges", "tunnel"]
    assert articles(ask(api, "bridge", sort="oldest")) == ["tunnel", "bridges", "reopen"]
    # as typed before another form, what is close together before what is apart, the short before the long
    assert articles(ask(api, "bridge reopen", sort="relevance")) == ["reopen", "bridges"]
    assert articles(ask(api, "bridges reopened", sort="relevance")) == ["bridges", "reopen"]
    assert articles(ask(api, "bridge OR tunnel", sort="relevance"))[0] == "tunnel"


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
def test_pages_go_on(api: TestClient, sort: str) -> None:
    whole = articles(ask(api, "the", sort=sort))
    answer = ask(api, "the", sort=sort, limit=2)
    assert answer["facets"] is not None
    seen = articles(answer)
    while answer["statements"]["next"]:
        answer = api.get(answer["statements"]["next"]).json()
        assert answer["statements"]["total"] == len(whole)
        assert answer["facets"] is None
        seen += articles(answer)
    assert seen == whole


def test_filters(api: TestClient) -> None:
    assert articles(ask(api, "bridge", actor="LEE")) == ["reopen"]
    assert articles(ask(api, "bridge", actor="person:bo-chen")) == ["bridges", "tunnel"]
    assert articles(ask(api, "bridge", actor="che b")) == ["bridges", "tunnel"]
    assert articles(ask(api, "bridge", outlet="NORTHERN post")) == ["bridges"]
    assert articles(ask(api, "bridge", kind="claim")) == ["tunnel"]
    assert articles(ask(api, "bridge", stance="promise")) == ["reopen"]
    assert articles(ask(api, "bridge", **{"from": "2026-01-01", "to": "2026-01-31"})) == ["bridges"]
    assert (
        api.get("/v1/actors/person:bo-chen/statements", params={"q": "=bridge -tunnel"}).json()["total"] == 1
    )
    assert [a["actor_id"] for a in api.get("/v1/actors", params={"q": "mull"}).json()["items"]] == [
        "person:jorg-muller"
    ]


def test_facets(api: TestClient) -> None:
    facets = ask(api, "bridge")["facets"]
    counted = {
        name: {count["value"]: count["statements"] for count in counts} for name, counts in facets.items()
    }
    assert counted == {
        "actors": {"person:bo-chen": 2, "person:ana-lee": 1},
        "outlets": {"Gazette": 2, "Northern Post": 1},
        "kinds": {"quote": 2, "claim": 1},
        "stances": {"assert": 2, "promise": 1},
        "months": {"2026-01": 1, "2026-03": 1},
    }
    assert facets["actors"][0] == {"value": "person:bo-chen", "name": "Bo Chen", "statements": 2}


def test_highlights_stand_in_the_text(api: TestClient) -> None:
    answer = ask(api, '"the bridge" reopens OR the')
    marked = {
        item["article"]["article_id"]: [
            item["text"][h["start"] : h["end"]] for h in answer["highlights"][item["statement_id"]]
        ]
        for item in answer["statements"]["items"]
    }
    assert marked["reopen"] == ["The bridge", "reopen"]
    assert marked["bridges"] == ["reopened", "the", "the bridge", "the"]
    japanese = ask(api, "国会")
    [[mark]] = japanese["highlights"].values()
    assert japanese["statements"]["items"][0]["text"][mark["start"] : mark["end"]] == "国会"


@pytest.mark.parametrize(
    ("typed", "meant", "number"),
    [
        ("brigde", "bridge", 3), ("tunel", "tunnel", 1), ("sennator", "senator", 1), ("reoppened bridge", "reopened bridge", 2),
        ('"brigde will"', '"bridge will"', 1), ("(tunel OR natto) -safe", "(tunnel OR nato) -safe", 2), ("=brigdes", "=bridges", 1),
        ("переговорух", "переговорах", 1), ("mulller", "muller", 0),
    ],
)  # fmt: skip
def test_what_may_be_meant(api: TestClient, typed: str, meant: str, number: int) -> None:
    answer = ask(api, typed)
    assert answer["suggestion"] == {"query": meant, "statements": number}
    assert answer["statements"]["total"] == 0
    found = ask(api, meant)
    assert found["statements"]["total"] == number


def test_an_empty_answer_is_explained(api: TestClient) -> None:
    def reason(q: str, **query: str) -> str:
        return str(ask(api, q, **query)["explanation"]["reason"])

    assert "“zebra”" in reason("zebra bridge")
    assert "“unwithdrawable”" in reason("unwithdrawable")
    assert ask(api, "unwithdrawable")["suggestion"] is None
    assert "no statement holds all" in reason("tunnel mission")
    assert "3 statements" in reason("bridge", kind="claim", stance="promise")
    assert "No outlet “Gazete”" in reason("bridge", outlet="Gazete")
    assert "“Gazette”?" in reason("bridge", outlet="Gazete")
    assert "No actor named “nobody”" in reason("bridge", actor="nobody")
    assert "no letters" in reason("—!")


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE search; --", "\" OR 1=1 --", "words:nato", "NEAR(a b, 3)", "^nato", "nato + mission", "{words} : nato", "rank", "*",
        "'nato':A & !b <-> c", "\\", "'", "''", "nato\\", ":*", "a:*b", "%_%", "<script>alert(1)</script>", "\u202enato", "\ud800", "🙂",
        "İ" * 100, "(" * 100, "-" * 100, "*" * 100, '"' * 99, "a " * 100, "ﷺ" * 200, "\u0300" * 200, "NOT", "OR OR", "=", "=*", "-=",
        "((nato))", "nato*mission",
    ],
)  # fmt: skip
def test_hostile_input_is_answered_or_refused(api: TestClient, query: str) -> None:
    for sort in ("newest", "relevance"):
        answer = api.get("/v1/search", params={"q": query.encode("utf-8", "surrogatepass"), "sort": sort})
        assert answer.status_code in (200, 422), answer.text
    assert ask(api, "nato")["statements"]["total"] == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    q=st.text(
        alphabet=st.sampled_from("ab éж会 ()\"“*=-|&'\\:!<>{}^+") | st.characters(exclude_categories=["Cs"]),
        max_size=40,
    )
)
def test_anything_is_answered_or_refused(api: TestClient, q: str) -> None:
    assert api.get("/v1/search", params={"q": q}).status_code in (200, 422)


# -- the same as reading every statement ---------------------------------------------------------------------

WORDS = ["nato", "bridge", "bridges", "reopen", "tunnel", "мост", "会", "国"]


def holds(node: Node, tokens: Sequence[str], forms: dict[str, set[str]]) -> bool:
    """Whether a statement of these words answers, by reading it."""
    if isinstance(node, Not):
        return not holds(node.part, tokens, forms)
    if isinstance(node, And):
        return all(holds(part, tokens, forms) for part in node.parts)
    if isinstance(node, Or):
        return any(holds(part, tokens, forms) for part in node.parts)
    assert isinstance(node, Words)
    size = len(node.tokens)
    if size == 1 and not node.verbatim and not node.prefix:
        return bool(forms.get(node.tokens[0], {node.tokens[0]}) & set(tokens))
    runs = [tuple(tokens[place : place + size]) for place in range(len(tokens) - size + 1)]
    if node.prefix:
        return any(run[:-1] == node.tokens[:-1] and run[-1].startswith(node.tokens[-1]) for run in runs)
    return node.tokens in runs


TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), min_size=1, max_size=6)
LEAF = st.sampled_from(
    [*WORDS, "=bridge", "=bridges", "bri*", "reo*", "会国", '"bridge tunnel"', '"nato 会"', '"国会"']
)
QUERIES = st.recursive(
    LEAF,
    lambda part: st.tuples(part, st.sampled_from([" ", " AND ", " OR ", " NOT "]), part).map(
        lambda found: f"({''.join(found)})"
    ),
    max_leaves=6,
)


@pytest.fixture
def plain(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[tuple[Store, TestClient]]:
    address = (
        f"sqlite:///{tmp_path / 'record.db'}"
        if engine == "sqlite"
        else str(request.getfixturevalue("postgres_url"))
    )
    store = Store(address, "test")
    store.migrate()
    with reader(address) as client:
        yield store, client
    store.close()


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, queries=st.lists(QUERIES, min_size=1, max_size=4), counted=st.sampled_from([2, 10_000]))
def test_the_index_finds_what_reading_everything_would(
    plain: tuple[Store, TestClient], engine: str, texts: list[list[str]], queries: list[str], counted: int
) -> None:
    """In every appearance, and of what was said once the appearance that leads of those that have the
    words."""
    store, client = plain
    revision = 1 + max((row["revision"] for row in rows(store, "documents")), default=0)
    # each cuts what was said, and the shortest is the first
    for number, outlet in enumerate(("Gazette", "Herald", "Gazette")):
        cut = [" ".join(text[number:]) for text in texts if text[number:]]
        told = [Said("Ana Lee", text) for text in cut]
        body, published = "\n".join(cut), at(2026, 3, 3 - number)
        feed(
            store,
            [
                story(
                    f"art-{number}",
                    f"{body} said Ana Lee",
                    told,
                    revision=revision,
                    outlet=outlet,
                    published_at=published,
                )
            ],
        )
    on_record = [row for row in rows(store, "statements") if row["on_record"]]
    for query in queries:
        for narrowed in ({}, {"outlet": "Gazette"}):
            wanted = [row for row in on_record if narrowed.get("outlet") in (None, row["outlet"])]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(finding, "COUNTED", counted)
                everywhere, once = (
                    client.get(
                        "/v1/search", params={"q": query, "limit": 500, "appearances": each, **narrowed}
                    )
                    for each in ("all", "first")
                )
            tree = parse(query) if everywhere.status_code == 200 else None
            if tree is not None:
                there = [row for row in wanted if holds(tree, words(row["text"]), FORMS)]
                leading = {row["appearance_of"]: row for row in sorted(there, key=rank, reverse=True)}
                assert ids(everywhere.json()) == newest_first(there), query
                assert ids(once.json()) == newest_first(leading.values()), query


FORMS = {"bridge": {"bridge", "bridges"}, "bridges": {"bridge", "bridges"}}


def rank(row: dict[str, Any]) -> Any:
    """The appearance that leads, the first of each outlet, the others, by time."""
    return -row["standing"], row["sort_at"], row["statement_id"]


def newest_first(found: Iterable[dict[str, Any]]) -> list[str]:
    return [
        identifier
        for _, identifier in sorted(((row["sort_at"], row["statement_id"]) for row in found), reverse=True)
    ]


def ids(answer: Any) -> list[str]:
    return [item["statement_id"] for item in answer["statements"]["items"]]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_said_once_is_found_once(plain: tuple[Store, TestClient], engine: str) -> None:
    store, client = plain
    feed(store, UNIVERSE)
    found = ask(client, "tunnel march", actor="holm")
    assert articles(found) == ["art-1", "art-4"], "another polarity is another statement"
    assert [item["articles"] for item in found["statements"]["items"]] == [5, 1]
    assert found["statements"]["total"] == 2
    assert {count["value"]: count["statements"] for count in found["facets"]["outlets"]} == {"Gazette": 2}
    assert articles(ask(client, "safe", actor="holm")) == ["art-16"], (
        "words that the leading appearance has not"
    )
    assert articles(ask(client, "tunnel", actor="holm", outlet="tribune")) == ["art-10"]
    assert len(articles(ask(client, "tunnel march", actor="holm", appearances="all"))) > 5
    assert (
        client.get("/v1/actors/person:ida-holm/statements", params={"q": "tunnel -april"}).json()["total"]
        == 2
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_shreds_do_not_lead_and_gaps_are_shown(plain: tuple[Store, TestClient], engine: str) -> None:
    store, client = plain
    feed(
        store,
        [
            said("short", "Ana Lee", "A bridge"),
            said("long", "Ana Lee", ["We said for years that there would be a", "bridge in the end"]),
        ],
    )
    found = ask(client, "bridge", sort="relevance")
    assert articles(found) == ["long", "short"]
    text = found["statements"]["items"][0]["text"]
    assert text == "We said for years that there would be a […] bridge in the end"
    [mark] = ask(client, "a OR bridge", sort="relevance")["highlights"][
        found["statements"]["items"][0]["statement_id"]
    ][-1:]
    assert text[mark["start"] : mark["end"]] == "bridge", "a run of words does not reach across a gap"


# -- the index follows the record ----------------------------------------------------------------------------


def indexed(store: Store) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        found = connection.execute(sa.select(*COLUMNS).order_by(relational.search.c.statement_id)).all()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "INSERT INTO search_words (search_words, rank) VALUES ('integrity-check', 1)"
            )
        else:
            both = "search s JOIN statements t USING (statement_id)"
            stale = f"SELECT count(*) FROM {both} WHERE s.vector IS DISTINCT FROM onrecord_vector(t.words)"
            assert connection.exec_driver_sql(stale).scalar_one() == 0
    return [row._asdict() for row in found]


def expected(store: Store) -> list[dict[str, Any]]:
    return [
        {column.name: row[column.name] for column in COLUMNS}
        for row in rows(store, "statements")
        if row["on_record"]
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_index_follows_revisions_withdrawals_and_identities(
    plain: tuple[Store, TestClient], engine: str
) -> None:
    store, client = plain
    first = said("one", "Volodymyr Zelensky", "The talks go on")
    waiting = said("two", "Volodymyr Zelenskyy", "The talks have ended")
    for events in (
        waiting[1:],
        first,
        waiting[:1],
        said("one", "Volodymyr Zelensky", "The talks went on", revision=2),
        said("three", "Bo Chen", "No talks"),
    ):
        feed(store, [events])
        assert indexed(store) == expected(store)
    assert {row["actor_id"] for row in indexed(store)} == {row["actor_id"] for row in rows(store, "actors")}
    feed(store, [story("two", "", revision=2, withdrawn=True)])
    assert indexed(store) == expected(store)
    assert articles(ask(client, "talks")) == ["three", "one"]
    assert articles(ask(client, "ended")) == []
    with store.engine.begin() as connection:  # as a release would that changes its mind about the words
        connection.execute(sa.update(relational.statements).values(words="other words altogether"))
    assert indexed(store) == expected(store)
    assert len(articles(ask(client, "altogether"))) == 2
    if engine == "sqlite":
        with sqlite3.connect(str(store.engine.url.database), isolation_level=None) as raw:
            raw.execute("VACUUM")
        raw.close()
        assert len(articles(ask(client, "altogether"))) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_record_of_the_release_before_is_indexed(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path
) -> None:
    """And what that release writes after this one, when one goes back to it for a while."""
    address = (
        f"sqlite:///{tmp_path / 'record.db'}"
        if engine == "sqlite"
        else str(request.getfixturevalue("postgres_url"))
    )
    fill(address, [event for events in SAMPLE.values() for event in events])
    store = Store(address, "test")
    before = indexed(store)
    with store.engine.begin() as connection:
        connection.execute(sa.update(relational.statements).values(words=None))
        connection.execute(sa.delete(relational.vocabulary))
        connection.execute(sa.delete(relational.actor_words))
    with reader(address) as client:
        assert articles(ask(client, "bridge")) == []
        store.migrate()
        assert indexed(store) == before
        assert articles(ask(client, "bridges")) == ["reopen", "bridges", "tunnel"]
        assert articles(ask(client, "bridge", actor="chen")) == ["bridges", "tunnel"]
    store.close()


@pytest.mark.parametrize("release", ["0007", "0014"])
def test_the_migration_indexes_what_is_stored(tmp_path: Path, release: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'record.db'}")
    config = configuration()
    with engine.begin() as migrating:
        config.attributes["connection"] = migrating
        command.upgrade(config, release)
        stored = {
            table: {column["name"] for column in sa.inspect(migrating).get_columns(table)} for table in STORED
        }
    (tmp_path / "other").mkdir()
    source = open_store(tmp_path / "other")
    feed(source, [SAMPLE["reopen"]])
    source.close()
    engine.dispose()
    with sqlite3.connect(tmp_path / "record.db") as connection:
        connection.execute("ATTACH ? AS other", (str(tmp_path / "other" / "record.db"),))
        for table in STORED:
            names = ", ".join(sorted(stored[table]))
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM other.{table}")
    connection.close()
    address = f"sqlite:///{tmp_path / 'record.db'}"
    store = Store(address, "test")
    store.migrate()
    assert indexed(store) == expected(store)
    store.close()
    with reader(address) as client:
        assert articles(ask(client, '"bridge will reopen"')) == ["reopen"]


# -- what so many answer that they are not counted -----------------------------------------------------------


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
def test_more_than_are_counted(api: TestClient, sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = articles(ask(api, "the", sort=sort))
    monkeypatch.setattr(finding, "COUNTED", 3)
    answer = ask(api, "the", sort=sort, limit=2)
    assert (answer["statements"]["total"], answer["statements"]["exact"], answer["facets"]) == (
        3,
        False,
        None,
    )
    seen = articles(answer)
    while answer["statements"]["next"]:
        answer = api.get(answer["statements"]["next"]).json()
        seen += articles(answer)
    assert seen == whole
    assert articles(ask(api, "the", sort=sort, outlet="northern post")) == [
        a for a in whole if a in ("senator", "bridges")
    ]


# -- without trigrams ----------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_without_trigrams_search_works_and_says_what_it_lacks(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE plain_owner LOGIN")
        connection.exec_driver_sql("GRANT ALL ON SCHEMA public TO plain_owner")
    poor = postgres_url.replace("onrecord@", "plain_owner@")
    try:
        fill(poor, SAMPLE["reopen"])
        with reader(poor) as client:
            assert articles(ask(client, "bridges")) == ["reopen"]
            answer = ask(client, "brigde")
            assert answer["suggestion"] is None
            assert "pg_trgm" in answer["explanation"]["reason"]
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP OWNED BY plain_owner")
            connection.exec_driver_sql("DROP ROLE plain_owner")
        engine.dispose()


def test_days_far_away(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    years = (1, 1969, 9999)
    fill(
        address,
        [
            e
            for y in years
            for e in said(f"y{y}", "Ana Lee", "A long time", published_at=dt.datetime(y, 6, 1, tzinfo=dt.UTC))
        ],
    )
    with reader(address) as client:
        assert [count["value"] for count in ask(client, "long")["facets"]["months"]] == [
            "0001-06",
            "1969-06",
            "9999-06",
        ]
