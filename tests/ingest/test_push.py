from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from schemas.events import Article
from services.chassis.errors import CommitFailed
from services.chassis.log.types import Record
from services.chassis.service import Context
from services.ingest.account import Outcome
from services.ingest.publish import Publisher
from services.ingest.push import PATH, PROBLEM, create_app
from services.ingest.readers import Item
from tests.ingest.conftest import MakeSettings
from tests.support.patience import PATIENCE_S

GOOD = {"content": "The bridge reopens.", "url": "https://example.org/1"}
Articles = Callable[[], list[Article]]
MakeClient = Callable[..., TestClient]


@pytest.fixture
def publisher(context: Context) -> Iterator[Publisher]:
    with Publisher(context, "test") as publisher:
        yield publisher


@pytest.fixture
def make_client(context: Context, publisher: Publisher, make_settings: MakeSettings) -> MakeClient:
    def make(publisher: Any = publisher, **settings: object) -> TestClient:
        return TestClient(
            create_app(make_settings(**settings).ingest, publisher, context.metrics),
            raise_server_exceptions=True,
        )

    return make


def test_one_article(make_client: MakeClient, articles: Articles) -> None:
    client = make_client()
    answer = client.post(PATH, json=GOOD)
    assert answer.status_code == 202
    (article,) = articles()
    expected = {"index": 0, "outcome": "published", "article_id": article.article_id, "revision": 1}
    assert answer.json() == {"accepted": 1, "rejected": 0, "items": [expected]}
    assert article.origin == "push"
    again = client.post(PATH, json=GOOD).json()["items"][0]
    assert (again["outcome"], again["article_id"], again["why"]) == ("duplicate", article.article_id, "id")
    revised = client.post(PATH, json=GOOD | {"content": "It stays shut."}).json()["items"][0]
    assert (revised["outcome"], revised["revision"]) == ("revised", 2)


def test_what_was_pushed_last_is_how_the_article_is(make_client: MakeClient, articles: Articles) -> None:
    client = make_client()
    for content in ("The bridge reopens.", "It stays shut.", "The bridge reopens."):
        answer = client.post(PATH, json=GOOD | {"content": content})
    assert answer.json()["items"][0]["revision"] == 3
    assert [(article.revision, article.content) for article in articles()] == [
        (1, "The bridge reopens."), (2, "It stays shut."), (3, "The bridge reopens."),
    ]  # fmt: skip


def test_a_change_that_no_revision_is_left_for_is_refused(
    make_client: MakeClient, articles: Articles
) -> None:
    client = make_client()
    assert client.post(PATH, json=GOOD | {"revision": 2**31 - 1}).status_code == 202
    answer = client.post(PATH, json=GOOD | {"content": "It stays shut."})
    assert (answer.status_code, answer.json()["errors"][0]["reason"]) == (422, "last_revision")
    assert "behind which there is none" in answer.json()["detail"]
    assert len(articles()) == 1


def test_server_fields_are_the_servers(make_client: MakeClient, articles: Articles) -> None:
    make_client().post(PATH, json=GOOD | {"origin": "elsewhere", "fetched_at": "2099-01-01T00:00:00Z"})
    (article,) = articles()
    assert article.origin == "push"
    assert article.fetched_at.year < 2099


def test_a_batch_with_good_and_bad_items(make_client: MakeClient, articles: Articles) -> None:
    answer = make_client().post(
        PATH,
        json=[
            GOOD,
            {"content": "x", "colour": "red"},
            {"status": "withdrawn", "url": "https://example.org/2"},
        ],
    )
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert [item["outcome"] for item in body["items"]] == ["published", "rejected", "published"]
    problem = body["items"][1]["problem"]
    assert (problem["status"], problem["index"], problem["reason"], problem["type"]) == (
        422,
        1,
        "schema",
        "about:blank",
    )
    assert "colour" in problem["detail"]
    assert len(articles()) == 2


def test_lines_and_ninjs(make_client: MakeClient) -> None:
    ninjs = {"uri": "urn:1", "version": "2", "bodies": [{"value": "The tunnel is shut."}]}
    data = json.dumps(GOOD) + "\n\n" + json.dumps(ninjs) + "\n{broken\n"
    answer = make_client().post(PATH, content=data, headers={"content-type": "application/x-ndjson"})
    assert [item["outcome"] for item in answer.json()["items"]] == ["published", "published", "rejected"]
    assert answer.json()["items"][1]["revision"] == 2


def test_nothing_accepted_is_422(make_client: MakeClient, articles: Articles) -> None:
    client = make_client()
    one = client.post(PATH, json={"content": ""})
    assert (one.status_code, one.headers["content-type"]) == (422, PROBLEM)
    assert "no text" in one.json()["detail"]
    many = client.post(PATH, json=[{"content": ""}, 5])
    assert many.status_code == 422
    assert [error["index"] for error in many.json()["errors"]] == [0, 1]
    assert articles() == []


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{broken", {"content-type": "application/json"}, 400),
        (b"", {"content-type": "application/json"}, 400),
        (b"[]", {"content-type": "application/json"}, 400),
        (b"5", {"content-type": "application/json"}, 400),
        (b'{"content": NaN}', {"content-type": "application/json"}, 400),
        (b"\n", {"content-type": "application/x-ndjson"}, 400),
        (b"words", {"content-type": "text/plain"}, 415),
        (b"words", {}, 415),
        (b"words", {"content-type": "application/json", "content-encoding": "br"}, 415),
        (b"words", {"content-type": "application/json", "content-encoding": "gzip"}, 400),
        (
            gzip.compress(b'{"content": "words"}')[:-9],
            {"content-type": "application/json", "content-encoding": "gzip"},
            400,
        ),
        (
            gzip.compress(b'{"content": "' + b"x" * 2000 + b'"}'),
            {"content-type": "application/json", "content-encoding": "gzip"},
            413,
        ),
        (gzip.compress(b""), {"content-type": "application/json", "content-encoding": "gzip"}, 400),
        (b'{"content": "' + b"x" * 2000 + b'"}', {"content-type": "application/json"}, 413),
        (b"[" + b",".join([b'{"content": "x"}'] * 4) + b"]", {"content-type": "application/json"}, 413),
    ],
)
def test_requests_refused_as_a_whole(
    make_client: MakeClient, articles: Articles, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = make_client(push_max_body_bytes=2000, push_max_batch=3).post(
        PATH, content=content, headers=headers
    )
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    assert articles() == []


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_a_gzipped_body(make_client: MakeClient, articles: Articles, encoding: str) -> None:
    """In one piece or several: a file made of members is one body."""
    whole = json.dumps([GOOD, GOOD | {"url": "https://example.org/2", "content": "Another one."}]).encode()
    packed = gzip.compress(whole[:40]) + gzip.compress(whole[40:])
    answer = make_client().post(
        PATH, content=packed, headers={"content-type": "application/json", "content-encoding": encoding}
    )
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert len(articles()) == 2


def test_a_coding_that_is_not_read_is_answered_with_the_one_that_is(make_client: MakeClient) -> None:
    answer = make_client().post(
        PATH, content=b"words", headers={"content-type": "application/json", "content-encoding": "br"}
    )
    assert answer.headers["accept-encoding"] == "gzip"


def test_bodies_together_hold_no_more_than_those_handled_at_once_may(make_client: MakeClient) -> None:
    """And what was held is let go of, also by requests that are refused."""
    client = make_client(push_max_body_bytes=2000, push_max_in_flight=1)
    for _ in range(5):
        too_large = (b" " * 1000 for _ in range(3))
        assert (
            client.post(PATH, content=too_large, headers={"content-type": "application/json"}).status_code
            == 413
        )
        assert client.post(PATH, json=GOOD).status_code == 202


def test_a_body_without_a_length_is_limited_too(make_client: MakeClient) -> None:
    chunks = (b" " * 1000 for _ in range(1000))
    answer = make_client(push_max_body_bytes=2000).post(
        PATH, content=chunks, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


TOKENS = [
    (None, 401),
    ("Bearer wrong", 401),
    ("Basic secret", 401),
    ("Bearer ", 401),
    ("bearer secret", 202),
    ("Bearer sécret", 401),
]


@pytest.mark.parametrize(("header", "status"), TOKENS)
def test_the_token(make_client: MakeClient, header: str | None, status: int) -> None:
    headers = {b"authorization": header.encode()} if header else {}
    answer = make_client(push_token="secret").post(PATH, json=GOOD, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "secret" not in answer.text


def test_other_methods_and_paths_are_problems(make_client: MakeClient) -> None:
    client = make_client()
    for answer, status in ((client.get(PATH), 405), (client.post("/v2"), 404)):
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


class Held:
    """A publisher that waits until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()

    def publish(self, items: Sequence[Item], traceparent: str | None, attempts: int) -> list[Outcome]:
        self.entered.release()
        assert self.go.wait(PATIENCE_S)
        return [Outcome("published", "push", "art-1", 1)]


def test_too_many_requests_at_once_are_told_to_wait(make_client: MakeClient) -> None:
    held = Held()
    with make_client(held, push_max_in_flight=2) as client:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(client.post(PATH, json=GOOD).status_code))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
            assert held.entered.acquire(timeout=PATIENCE_S)
        refused = client.post(PATH, json=GOOD)
        assert (refused.status_code, refused.headers["content-type"]) == (429, PROBLEM)
        assert int(refused.headers["retry-after"]) > 0
        held.go.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert answers == [202, 202]
        assert client.post(PATH, json=GOOD).status_code == 202


class Unreachable:
    def publish(self, items: Sequence[Item], traceparent: str | None, attempts: int) -> list[Outcome]:
        raise CommitFailed("broker gone", cause="test")


def test_a_log_out_of_reach_is_503(make_client: MakeClient) -> None:
    client = make_client(Unreachable())
    for _ in range(20):  # a refused request gives its slot back
        answer = client.post(PATH, json=GOOD)
        assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
        assert int(answer.headers["retry-after"]) > 0


class Broken:
    def publish(self, items: Sequence[Item], traceparent: str | None, attempts: int) -> list[Outcome]:
        raise ZeroDivisionError


def test_our_own_errors_are_problems_too(context: Context, make_settings: MakeSettings) -> None:
    app = create_app(make_settings().ingest, Broken(), context.metrics)  # type: ignore[arg-type]
    answer = TestClient(app, raise_server_exceptions=False).post(PATH, json=GOOD)
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)


def test_the_trace_goes_on(make_client: MakeClient, records: Callable[[], list[Record]]) -> None:
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    make_client().post(PATH, json=GOOD, headers={"traceparent": sent})
    make_client().post(PATH, json=GOOD | {"content": "New."}, headers={"traceparent": "nonsense"})
    traces = [(record.header("traceparent") or b"").decode() for record in records()]
    assert traces[0].startswith(sent[:35])
    assert traces[0] != sent
    assert not traces[1].startswith(sent[:35])
    assert len(traces[1]) == 55


def test_answers_are_counted_by_status(make_client: MakeClient, context: Context) -> None:
    client = make_client()
    client.post(PATH, json=GOOD)
    client.post(PATH, json={"content": ""})
    client.get("/other")
    counted = {
        s: context.metrics.registry.get_sample_value("onrecord_push_requests_total", {"status": s})
        for s in ("202", "422", "404")
    }
    assert counted == {"202": 1, "422": 1, "404": None}


def test_the_document_describes_the_body(make_client: MakeClient) -> None:
    document = make_client().get("/openapi.json").json()
    operation = document["paths"][PATH]["post"]
    (article, many) = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert article["required"] == ["content"]
    assert many["type"] == "array"
    assert {"202", "401", "413", "422", "429", "503"} <= set(operation["responses"])


def test_refused_items_are_dead_letters(
    make_client: MakeClient, dead_letters: Callable[[], list[Record]]
) -> None:
    make_client().post(
        PATH, content=json.dumps(GOOD) + "\n{broken", headers={"content-type": "application/x-ndjson"}
    )
    assert [record.value for record in dead_letters()] == [b"{broken"]


def test_limits_are_the_settings(make_client: MakeClient) -> None:
    answer = make_client(max_article_bytes=1000).post(PATH, json={"content": "x" * 1001})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["reason"] == "too_large"
