"""Feeds, by the rules that validators hold them to."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lxml import etree

from services.aggregate.store import Store
from services.query import feeds
from tests.support.reading import LEE, at, fill, reader, sample
from tests.support.record import feed
from tests.support.stories import story

NS = {"a": "http://www.w3.org/2005/Atom", "at": "http://purl.org/atompub/tombstones/1.0"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
URI = re.compile(r"(urn:onrecord:|https?://)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


@pytest.fixture
def api(address: str) -> Iterator[TestClient]:
    with reader(address) as found:
        yield found


def atom(api: TestClient, query: str = "") -> etree._Element:
    answer = api.get(f"/v1/feed.atom{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml"
    return etree.fromstring(answer.content)


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"?actor={LEE}",
        "?q=%22the+bridge%22&kind=quote",
        "?outlet=Gazette",
        "?stance=deny",
        "?from=2030-01-01",
    ],
)
def test_atom_keeps_the_rules(api: TestClient, query: str) -> None:
    root = atom(api, query)
    # RFC 4287, 4.1.1: exactly one of each, and links that tell themselves apart
    for name in ("id", "title", "updated"):
        assert len(root.findall(f"a:{name}", NS)) == 1
    assert root.find("a:author/a:name", NS) is not None
    (own,) = root.xpath("a:link[@rel='self']/@href", namespaces=NS)
    assert own == f"http://testserver/v1/feed.atom{query}"
    entries = root.findall("a:entry", NS)
    for item in [root, *entries]:
        assert URI.fullmatch(item.findtext("a:id", "", NS))
        assert RFC3339.fullmatch(item.findtext("a:updated", "", NS))
    ids = [item.findtext("a:id", "", NS) for item in entries]
    assert len(set(ids)) == len(ids)
    updates = [item.findtext("a:updated", "", NS) for item in entries]
    assert updates == sorted(updates, reverse=True)
    for item in entries:
        assert item.findtext("a:title", "", NS)
        assert item.findtext("a:author/a:name", "", NS)
        assert all(URI.fullmatch(href) for href in item.xpath("a:link/@href", namespaces=NS))
        (content,) = item.findall("a:content", NS)
        assert content.get("type") == "html"
        assert "<script" not in (content.text or "")
        assert "<img" not in (content.text or "")


def test_json_feed_is_the_same(api: TestClient) -> None:
    answer = api.get(f"/v1/feed.json?actor={LEE}")
    assert answer.headers["content-type"] == "application/feed+json"
    document = answer.json()
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["feed_url"] == f"http://testserver/v1/feed.json?actor={LEE}"
    assert document["title"] == "onrecord · Ana Lee"
    ids = [item["id"] for item in document["items"]]
    assert ids == [element.text for element in atom(api, f"?actor={LEE}").findall("a:entry/a:id", NS)]
    for item in document["items"]:
        # JSON Feed 1.1: id, and content_html or content_text
        assert {
            "id",
            "url",
            "title",
            "content_html",
            "date_published",
            "date_modified",
            "authors",
        } <= item.keys()
        assert RFC3339.fullmatch(item["date_published"])
        assert None not in item.values()


def test_an_entry_leads_to_its_statement(api: TestClient) -> None:
    for item in api.get("/v1/feed.json").json()["items"]:
        path, _, fragment = item["url"].removeprefix("http://testserver").partition("#")
        page = api.get(path)
        assert page.status_code == 200
        assert f'id="{fragment}"' in page.text


def test_hostile_words_stay_words(api: TestClient) -> None:
    (entry,) = (
        item
        for item in api.get("/v1/feed.json").json()["items"]
        if "alert" in item["title"] and "script" in item["title"]
    )
    assert "&lt;script&gt;" in entry["content_html"]
    assert "external_url" not in entry, "javascript: is no address"
    assert "\u202e" not in entry["title"]


def test_what_was_denied_is_not_told_as_said(tmp_path: Path) -> None:
    from tests.support.stories import Said

    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(
        address,
        story("art-no", "Ana Lee never said “Close it.”", [Said("Ana Lee", "Close it.", negated=True)]),
    )
    with reader(address) as api:
        assert api.get("/v1/feed.json").json()["items"][0]["title"] == "Ana Lee did not say: Close it."


def test_a_feed_is_not_sent_again_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "SETTLED_S", -1.0)
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, sample())
    store = Store(address, "test")
    with reader(address) as api:
        first = api.get("/v1/feed.atom")
        modified = first.headers["last-modified"]
        assert api.get("/v1/feed.atom", headers={"if-none-match": first.headers["etag"]}).status_code == 304
        assert api.get("/v1/feed.atom", headers={"if-modified-since": modified}).status_code == 304
        later = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        assert (
            api.get(
                "/v1/feed.atom", headers={"if-modified-since": f"{later:%a, %d %b %Y %H:%M:%S} GMT"}
            ).status_code
            == 200
        )
        assert api.get("/v1/feed.atom", headers={"if-modified-since": "yesterday"}).status_code == 200
        # a tag that is given counts, and the time does not (RFC 9110, 13.1.3)
        both = {"if-none-match": '"other"', "if-modified-since": modified}
        assert api.get("/v1/feed.atom", headers=both).status_code == 200
        feed(store, [story("art-bridge", "", revision=2, withdrawn=True, published_at=at(2026, 3, 1))])
        changed = api.get("/v1/feed.atom", headers={"if-none-match": first.headers["etag"]})
        assert changed.status_code == 200
        root = etree.fromstring(changed.content)
        gone = {element.get("ref") for element in root.findall("at:deleted-entry", NS)}
        assert len(gone) == 3
        assert gone <= set(re.findall(r"urn:onrecord:statement:[\w-]+", first.text))
        assert not gone & {element.text for element in root.findall("a:entry/a:id", NS)}
        listed = api.get("/v1/feed.json").json()["_onrecord"]["withdrawn"]
        assert {item["id"] for item in listed} == gone
        assert {item["reason"] for item in listed} == {"withdrawn"}
    store.close()


def test_a_change_of_this_very_second_gives_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "SETTLED_S", 1e9)
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, sample())
    with reader(address) as api:
        assert "last-modified" not in api.get("/v1/feed.atom").headers


def test_links_are_of_the_public_address(record_address: str) -> None:
    given: Any = {"public_url": "https://record.example.org/base/"}
    with reader(record_address, **given) as api:
        document = api.get("/v1/feed.json?q=bridge").json()
        assert document["feed_url"] == "https://record.example.org/base/v1/feed.json?q=bridge"
        assert all(
            item["url"].startswith("https://record.example.org/base/articles/") for item in document["items"]
        )
        assert (
            etree.fromstring(api.get("/v1/feed.atom").content).findtext("a:id", "", NS)
            == "urn:onrecord:feed:all"
        )


def test_mistakes_are_named(api: TestClient) -> None:
    assert api.get("/v1/feed.atom?actor=person:nobody").status_code == 404
    assert "a feed has no pages" in api.get("/v1/feed.json?cursor=x").json()["detail"]
    assert len(api.get("/v1/feed.json?limit=2").json()["items"]) == 2
