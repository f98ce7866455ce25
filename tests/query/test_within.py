"""Second-hand statements as readers see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from lxml import html

from schemas.events import ClaimKind
from tests.support.reading import fill, reader
from tests.support.statements import Event
from tests.support.stories import Said, story

TEXT = "“The <b>mayor</b> told me that the bridge would reopen,” Ana Lee said."


def told(*, with_outer: bool) -> list[Event]:
    document, outer, inner = story(
        "art-1",
        TEXT,
        [
            Said("Ana Lee", "The <b>mayor</b> told me that the bridge would reopen,"),
            Said("The <b>mayor</b>", "the bridge would reopen", ClaimKind.INDIRECT, "told"),
        ],
        title="Bridge",
    )
    inner = inner.model_copy(update={"within": outer.event_id})
    return [document, inner, *([outer] if with_outer else [])]


@pytest.fixture(params=[True, False], ids=["both arrived", "only the inner one arrived"])
def arrived(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[TestClient, bool]]:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, told(with_outer=request.param))
    with reader(address) as client:
        yield client, request.param


def test_the_api_says_within_whose_statement_it_stands(arrived: tuple[TestClient, bool]) -> None:
    client, both = arrived
    statements = client.get("/v1/articles/art-1").json()["statements"]
    inner = next(statement for statement in statements if statement["kind"] == "claim")
    outer = inner["within"]["statement_id"]
    who = {"actor_id": "person:ana-lee", "name": "Ana Lee"} if both else {"actor_id": None, "name": None}
    assert inner["within"] == {"statement_id": outer, **who}
    assert client.get(f"/v1/statements/{inner['statement_id']}").json()["within"] == inner["within"]
    actor = f"/v1/actors/{quote(inner['actor']['actor_id'], safe='')}"
    assert client.get(actor).json()["latest"][0]["within"] == outer
    [listed] = client.get(f"{actor}/statements").json()["items"]
    assert listed["within"] == inner["within"]
    answer = client.get(f"/v1/statements/{outer}")
    assert answer.status_code == (200 if both else 404)
    assert not both or answer.json()["within"] is None


def test_pages_link_to_the_statement_around_it(arrived: tuple[TestClient, bool]) -> None:
    client, both = arrived
    [inner] = [s for s in client.get("/v1/articles/art-1").json()["statements"] if s["kind"] == "claim"]
    outer = inner["within"]["statement_id"]
    for path in (
        "/articles/art-1",
        f"/actors/{quote(inner['actor']['actor_id'], safe='')}",
        "/search?q=bridge+reopen",
    ):
        tree = html.fromstring(
            client.get(path, headers={"accept": "text/html"}).content,
            parser=html.HTMLParser(encoding="utf-8"),
        )
        [link] = tree.xpath("//a[contains(., 'within what')]")
        assert link.get("href") == f"/articles/art-1#{outer}"
        assert link.text_content() == f"within what {'Ana Lee' if both else 'another'} said"
    article = html.fromstring(client.get("/articles/art-1", headers={"accept": "text/html"}).content)
    assert len(article.xpath(f"//li[@id='{outer}']")) == both
