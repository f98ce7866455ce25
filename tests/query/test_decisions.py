"""Decisions over HTTP: made with a token, onto the log; read by everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from schemas.events import Decision
from services.aggregate.store import Store
from services.chassis.errors import CommitFailed
from services.chassis.metrics import Metrics
from services.chassis.settings import QuerySettings
from services.query.app import create_app
from services.query.database import Database
from services.query.problems import MEDIA_TYPE
from tests.support.reading import fill
from tests.support.record import feed
from tests.support.stories import Said, story

TOKEN = "secret"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
LEE, CHEN, TRUMP = "person:ana-lee", "person:bo-chen", "person:donald-trump"
TOLD = (
    ("art-a", "Ana Lee"), ("art-b", "Bo Chen"), ("art-c", "Marlowe"), ("art-d", "Carl Anders"), ("art-e", "Karl Anders"),
    ("art-f", "Donald J. Trump"), ("art-g", "Adam Smith"), ("art-h", "Donald Trump"),
)  # fmt: skip


class Bench:
    """A record, the log that decisions go to, and the service."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.log: list[Decision] = []

    @contextmanager
    def client(
        self, send: Callable[[Sequence[Decision]], None] | None = None, **settings: str
    ) -> Iterator[TestClient]:
        database = Database(self.address)
        app = create_app(database, QuerySettings.model_validate(settings), Metrics(), send or self.log.extend)
        try:
            with TestClient(app, raise_server_exceptions=False) as client:
                yield client
        finally:
            database.close()

    def aggregate(self) -> None:
        """Bring on record what is on the log."""
        store = Store(self.address, "test")
        feed(store, [self.log])
        store.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(
        address,
        [
            e
            for article, who in TOLD
            for e in story(article, f"“We will talk,” {who} said.", [Said(who, "We will talk,")])
        ],
    )
    return Bench(address)


@pytest.fixture
def client(bench: Bench) -> Iterator[TestClient]:
    with bench.client(decision_token=TOKEN) as found:
        yield found


def draft(kind: str, **parts: str | None) -> dict[str, str | None]:
    return {"kind": kind, "decided_by": "ana", "why": "Because.", **parts}


def decide(client: TestClient, kind: str, **parts: str | None) -> list[dict[str, str]]:
    answer = client.post("/v1/decisions", json=draft(kind, **parts), headers=WITH_TOKEN)
    assert answer.status_code == 202, answer.text
    found: list[dict[str, str]] = answer.json()["decisions"]
    return found


def problem(client: TestClient, status: int, kind: str, **parts: str | None) -> str:
    answer = client.post("/v1/decisions", json=draft(kind, **parts), headers=WITH_TOKEN)
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE), answer.text
    return str(answer.json()["detail"])


def statement_of(client: TestClient, actor: str) -> str:
    return str(
        client.get(f"/v1/actors/{quote(actor, safe='')}/statements").json()["items"][0]["statement_id"]
    )


# -- who may -------------------------------------------------------------------------------------------------


def test_without_a_token_of_its_own_the_service_takes_no_decisions(bench: Bench) -> None:
    with bench.client() as client:
        answer = client.post("/v1/decisions", json=draft("split", actor_id=LEE), headers=WITH_TOKEN)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:onrecord:problem:decisions-off")
    assert "ONRECORD_QUERY__DECISION_TOKEN" in answer.json()["detail"]
    assert bench.log == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}, {"Authorization": "secret"}],
)
def test_who_has_no_token_decides_nothing(bench: Bench, client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/decisions", content=b"not even looked at", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert bench.log == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"kind": "divide"}', 422), (b" " * 70_000, 413),
        (b'{"kind": "split", "decided_by": " ", "why": "x", "actor_id": "a"}', 422),
        (b'{"kind": "split", "decided_by": "a", "why": "x", "actor_id": "a", "colour": "red"}', 422),
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused(bench: Bench, client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/v1/decisions", content=body, headers=WITH_TOKEN)
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    assert bench.log == []


def test_what_cannot_be_put_on_the_log_is_said(bench: Bench) -> None:
    def failing(_: Sequence[Decision]) -> None:
        raise CommitFailed("no broker", cause="unavailable")

    with bench.client(failing, decision_token=TOKEN) as client:
        answer = client.post(
            "/v1/decisions", json=draft("split", actor_id="person:donald-j-trump"), headers=WITH_TOKEN
        )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


# -- from draft to record ------------------------------------------------------------------------------------


def test_a_merge_goes_onto_the_log_and_from_there_on_record(bench: Bench, client: TestClient) -> None:
    [made] = decide(client, "merge", actor_id=LEE, other_id=CHEN)
    assert bench.log == [Decision.model_validate(made)]
    assert client.get(f"/v1/actors/{LEE}").json()["actor_id"] == LEE, (
        "nothing but aggregate changes the record"
    )
    bench.aggregate()
    answer = client.get(f"/v1/actors/{LEE}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/actors/{quote(CHEN, safe='')}")
    assert client.get(f"/v1/actors/{CHEN}").json()["counts"]["quotes"] == 2
    [shown] = client.get(f"/v1/actors/{CHEN}/identity").json()["decisions"]
    assert (shown["says"], shown["in_force"], shown["decided_by"]) == (
        "person:ana-lee is Bo Chen (person:bo-chen)",
        True,
        "ana",
    )
    assert client.get("/v1/decisions").json()["items"] == [shown]
    assert client.get(f"/v1/decisions/{made['decision_id']}").json() == shown
    page = client.get(f"/actors/{CHEN}").text
    assert "Decided by people" in page
    assert "Because." in page


def test_an_undo_brings_back_what_was_and_stays_to_be_seen(bench: Bench, client: TestClient) -> None:
    [made] = decide(client, "merge", actor_id=LEE, other_id=CHEN)
    bench.aggregate()
    [undone] = decide(client, "undo", undoes=made["decision_id"])
    bench.aggregate()
    assert client.get(f"/v1/actors/{LEE}").json()["counts"]["quotes"] == 1
    found = client.get(f"/v1/actors/{LEE}/identity").json()["decisions"]
    assert [(one["decision_id"], one["in_force"]) for one in found] == [
        (undone["decision_id"], True),
        (made["decision_id"], False),
    ]
    assert "(undone)" in client.get(f"/actors/{LEE}").text
    assert "undone already" in problem(client, 409, "undo", undoes=made["decision_id"])


def test_an_undo_holds_though_the_clock_is_behind(bench: Bench, client: TestClient) -> None:
    later = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    [made] = decide(client, "merge", actor_id=LEE, other_id=CHEN, decided_at=later)
    bench.aggregate()
    decide(client, "undo", undoes=made["decision_id"])
    bench.aggregate()
    assert client.get(f"/v1/actors/{LEE}").json()["counts"]["quotes"] == 1


def test_the_same_decision_sent_again_is_one(bench: Bench, client: TestClient) -> None:
    parts = {"actor_id": LEE, "other_id": CHEN, "decided_at": "2026-03-01T12:00:00+01:00"}
    assert decide(client, "merge", **parts) == decide(client, "merge", **parts)
    bench.aggregate()
    assert client.get("/v1/decisions").json()["total"] == 1


def test_a_reassigned_statement_says_so(bench: Bench, client: TestClient) -> None:
    statement = statement_of(client, LEE)
    [made] = decide(client, "reassign", statement_id=statement, other_id=CHEN)
    bench.aggregate()
    found = client.get(f"/v1/statements/{statement}").json()
    assert (found["actor"]["name"], found["actor_on_record"]["name"], found["reassigned_by"]) == (
        "Ana Lee",
        "Bo Chen",
        made["decision_id"],
    )
    assert (
        "said “We will talk,” in art-a"
        in client.get(f"/v1/actors/{CHEN}/identity").json()["decisions"][0]["says"]
    )
    assert "the article seems to name" in client.get("/articles/art-a").text


def test_a_rejection_is_of_every_pair_of_names_that_may_be_one(bench: Bench, client: TestClient) -> None:
    made = decide(client, "reject", actor_id="person:karl-anders", other_id="person:carl-anders")
    assert [(one["actor_id"], one["other_id"]) for one in made] == [
        ("person:carl-anders", "person:karl-anders")
    ]
    bench.aggregate()
    assert client.get("/v1/actors/person:karl-anders/identity").json()["candidates"] == []


def test_a_candidate_that_only_the_registry_knows_can_be_taken(bench: Bench, client: TestClient) -> None:
    smith = "person:adam-smith@Q350916"
    decide(client, "merge", actor_id="person:adam-smith", other_id=smith)
    bench.aggregate()
    assert client.get(f"/v1/actors/{quote(smith, safe='')}").json()["wikidata"] == "Q350916"
    assert client.get("/v1/actors/person:adam-smith", follow_redirects=False).status_code == 308


def test_a_name_and_an_item_are_given_and_taken(bench: Bench, client: TestClient) -> None:
    decide(client, "rename", actor_id=LEE, name="Ana M. Lee")
    decide(client, "link", actor_id=TRUMP, wikidata=None)
    bench.aggregate()
    assert client.get(f"/v1/actors/{LEE}").json()["name"] == "Ana M. Lee"
    assert client.get(f"/v1/actors/{TRUMP}").json()["wikidata"] is None
    assert client.get("/v1/actors?q=ana+m").json()["total"] == 1


def test_decisions_are_paged_the_last_first(bench: Bench, client: TestClient) -> None:
    for number in range(5):
        decide(client, "rename", actor_id=LEE, name=f"Lee {number}")
    bench.aggregate()
    page = client.get("/v1/decisions?limit=3&kind=rename").json()
    assert [one["name"] for one in page["items"]] == ["Lee 4", "Lee 3", "Lee 2"]
    assert [one["name"] for one in client.get(page["next"]).json()["items"]] == ["Lee 1", "Lee 0"]
    assert client.get("/v1/decisions?kind=merge").json()["total"] == 0
    assert client.get("/v1/decisions/decision-none").status_code == 404


# -- what the record contradicts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "parts", "status", "detail"),
    [
        ("merge", {"actor_id": LEE}, 422, "other_id: a merge needs it"),
        ("merge", {"actor_id": LEE, "other_id": CHEN, "name": "Lee"}, 422, "name: a merge has no such part"),
        (
            "merge",
            {"actor_id": "person:nobody-here", "other_id": CHEN},
            422,
            "No actor 'person:nobody-here' is on record.",
        ),
        (
            "merge",
            {"actor_id": LEE, "other_id": "person:nobody-here"},
            422,
            "other_id: No actor 'person:nobody-here'",
        ),
        ("merge", {"actor_id": LEE, "other_id": LEE}, 409, "are one actor already"),
        (
            "merge",
            {"actor_id": "person:donald-j-trump", "other_id": CHEN},
            409,
            "is on record as 'person:donald-trump': merge",
        ),
        ("merge", {"actor_id": TRUMP, "other_id": "person:donald-j-trump"}, 409, "are one actor already"),
        ("split", {"actor_id": LEE}, 409, "stands on its own already"),
        ("split", {"actor_id": TRUMP}, 409, "split the other names off"),
        ("rename", {"actor_id": LEE, "name": "Ana Lee"}, 409, "is called 'Ana Lee' already"),
        ("rename", {"actor_id": LEE, "name": ""}, 422, "name: "),
        ("link", {"actor_id": TRUMP, "wikidata": "Q22686"}, 409, "is Q22686 already"),
        ("link", {"actor_id": LEE, "wikidata": "Trump"}, 422, "wikidata: "),
        ("link", {"actor_id": LEE, "wikidata": None}, 409, "has no item already"),
        ("link", {"actor_id": LEE}, 422, "the item, or null for none"),
        ("rename", {"actor_id": "a\0b", "name": "x"}, 422, "actor_id: "),
        ("undo", {"undoes": "u" * 5_000}, 422, "undoes: "),
        (
            "reject",
            {"actor_id": TRUMP, "other_id": "person:donald-j-trump"},
            409,
            "one actor on record: split one off",
        ),
        (
            "reassign",
            {"statement_id": "quote-none", "other_id": CHEN},
            422,
            "no statement 'quote-none' is on record",
        ),
        ("undo", {"undoes": "decision-none"}, 422, "no decision 'decision-none' is on record"),
        (
            "split",
            {"actor_id": LEE, "decided_at": "2999-01-01T00:00:00Z"},
            422,
            "a decision cannot be made in the future",
        ),
    ],
)
def test_what_the_record_contradicts_is_refused_with_a_cure(
    bench: Bench, client: TestClient, kind: str, parts: dict[str, str | None], status: int, detail: str
) -> None:
    assert detail in problem(client, status, kind, **parts)
    assert bench.log == []


def test_who_said_it_already_and_whom_others_were_merged_into(bench: Bench, client: TestClient) -> None:
    assert "said it already" in problem(
        client, 409, "reassign", statement_id=statement_of(client, LEE), other_id=LEE
    )
    decide(client, "merge", actor_id=LEE, other_id=CHEN)
    bench.aggregate()
    assert "split those, person:ana-lee" in problem(client, 409, "split", actor_id=CHEN)
    decide(client, "split", actor_id=LEE)
    bench.aggregate()
    assert client.get(f"/v1/actors/{LEE}").json()["counts"]["quotes"] == 1


def test_the_api_is_documented(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/decisions"]["post"]
    assert {"202", "401", "403", "409", "422"} <= described["responses"].keys()
    assert "decided_by" in described["requestBody"]["content"]["application/json"]["schema"]["required"]
