"""The pages: well-formed, self-contained, harmless and complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin

import pytest
from fastapi.testclient import TestClient
from lxml import etree, html

from schemas.events import ClaimKind, Stance
from services.query.rendering import STATIC, percent
from tests.support.reading import HOSTILE_ID, LEE, fill, reader
from tests.support.stories import Said, story

PATHS = [
    "/",
    "/?sort=name&kind=person&from=2026-01-01&q=e&min_statements=1",
    "/?q=nobody-at-all",
    f"/actors/{LEE}",
    f"/actors/{LEE}?kind=claim&sort=oldest&stance=assert",
    f"/actors/{quote('person:نجيب-محفوظ', safe='')}",
    "/articles",
    "/articles?outlet=Gazette",
    "/articles/art-bridge",
    "/articles/art-quiet",
    f"/articles/{quote(HOSTILE_ID, safe='')}",
    "/search",
    "/search?q=bridge",
    "/search?q=script",
    "/search?q=zebra+bridge",
    "/method",
]


def page(client: TestClient, path: str) -> Any:
    answer = client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return html.fromstring(answer.content, parser=html.HTMLParser(encoding="utf-8"))


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_well_formed_and_accessible(client: TestClient, path: str) -> None:
    body = client.get(path).text
    # every tag of ours is closed: void elements aside, the page is XML
    closed = re.sub(r"<(meta|link|input)\b([^>]*?)>", r"<\1\2/>", body.replace("<!doctype html>", ""))
    bare = re.sub(r"\b(selected|required)(?=[\s/>])", r'\1=""', closed)
    etree.fromstring(bare)
    tree = page(client, path)
    assert tree.get("lang") == "en"
    assert (
        len(tree.xpath("//main"))
        == len(tree.xpath("//h1"))
        == len(tree.xpath("//header"))
        == len(tree.xpath("//footer"))
        == 1
    )
    assert tree.xpath("//title/text()")[0].endswith("· onrecord")
    assert tree.xpath("//a[@href='#main']")
    assert not tree.xpath("//th[not(@scope)]")
    assert not tree.xpath("//table[not(.//thead)]")
    assert not [
        control
        for control in tree.xpath("//input[@type!='hidden']|//select")
        if not control.iterancestors("label")
    ]
    identifiers = tree.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    levels = [int(heading.tag[1]) for heading in tree.xpath("//h1|//h2|//h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels)), "no level of heading is skipped"
    for moment in tree.xpath("//time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", moment.get("datetime"))


@pytest.mark.parametrize("path", PATHS)
def test_pages_need_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    # our own files only: nothing that stands in a page can run
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    tree = page(client, path)
    assert not tree.xpath("//script|//style|//iframe|//object|//img|//@style|//@*[starts-with(name(), 'on')]")
    for loaded in tree.xpath("//link/@href|//@src"):
        assert client.get(loaded).status_code == 200
    for address in tree.xpath("//@href"):
        assert re.match(r"[/#?]|https?://", address)


@pytest.mark.parametrize("path", PATHS)
def test_links_lead_somewhere(client: TestClient, path: str) -> None:
    for address in {
        link.partition("#")[0] for link in page(client, path).xpath("//a/@href") if link.startswith("/")
    }:
        assert client.get(address).status_code == 200, address
    for address in page(client, path).xpath("//a/@href"):
        where, _, fragment = urljoin(f"http://testserver{path}", address).partition("#")
        if fragment and where.startswith("http://testserver"):
            assert unquote(fragment) in page(client, where.removeprefix("http://testserver")).xpath(
                "//@id"
            ), address


def test_hostile_text_is_harmless(client: TestClient) -> None:
    tree = page(client, f"/articles/{quote(HOSTILE_ID, safe='')}")
    assert tree.xpath("//h1")[0].text_content() == "<script>document.title='owned'</script>"
    assert (
        "<script>alert('x')</script> \ufffdtxet siht esrever\ufffd & \ufffd bell <b>bold</b>"
        in tree.text_content()
    )
    assert not tree.xpath("//main//b[text()='bold']|//a[starts-with(@href, 'javascript')]")
    for path in (
        "/",
        "/search?q=esrever",
        "/articles",
        f"/search?q={quote('<script>alert(1)</script>')}",
        "/?outlet=%22%3E%3Cscript%3E",
    ):
        body = client.get(path).text
        assert "<script" not in body
        assert "\u202e" not in body
        assert "\x07" not in body


def test_the_list_of_actors(client: TestClient) -> None:
    tree = page(client, "/")
    rows = tree.xpath("//table//tbody/tr")
    assert len(rows) == 5
    first = [" ".join(cell.text_content().split()) for cell in rows[0]]
    assert first == ["Ana Leeperson", "2", "1", "2", "2", "1 Mar 2026", "3 Mar 2026", "“The budget was cut,”"]
    before = page(client, "/?to=2026-03-02&q=lee").xpath("//td[@class='latest']")[0]
    assert (
        " ".join(before.text_content().split())
        == "“The bridge will reopen in May, and nobody will be hurt,” […] “It is safe.”"
    )
    sorted_by = page(client, tree.xpath("//th/a[starts-with(., 'Claims')]/@href")[0])
    heading = sorted_by.xpath("//th[@aria-sort]")[0]
    assert heading.get("aria-sort") == "descending"
    again = page(client, heading.xpath("a/@href")[0])
    assert again.xpath("//th[@aria-sort]")[0].get("aria-sort") == "ascending"


def test_an_actor(client: TestClient) -> None:
    tree = page(client, f"/actors/{LEE}")
    figures = dict(
        zip(tree.xpath("//dl//dt/text()"), (dd.text_content() for dd in tree.xpath("//dl//dd")), strict=True)
    )
    assert figures["Quotes"] == "2"
    assert figures["Claims"] == "1"
    statements = tree.xpath("//li[@class='statement']")
    assert len(statements) == 3
    # words that stand apart in the article are not shown as one quotation
    apart = next(s for s in statements if "nobody will be hurt" in s.text_content())
    assert (
        " ".join(apart.xpath("blockquote")[0].text_content().split())
        == "“The bridge will reopen in May, and nobody will be hurt,” […] “It is safe.”"
    )
    assert "direct quote" in apart.text_content()
    assert "promise" in apart.text_content()
    assert "confidence 90 %" in apart.text_content()
    assert apart.xpath("blockquote/@lang") == ["en"]
    assert apart.xpath(".//time/@datetime") == ["2026-03-01T09:30:00Z"]
    bars = tree.xpath("//*[name()='svg']//*[name()='title']/text()")
    table = [[cell.text_content() for cell in row] for row in tree.xpath("//details//tbody/tr")]
    assert bars == ["1 Mar 2026: 1 quote, 1 claim", "3 Mar 2026: 1 quote, 0 claims"]
    assert table == [["3 Mar 2026", "1", "0"], ["1 Mar 2026", "1", "1"]]


def test_an_article_shows_who_said_what(client: TestClient) -> None:
    tree = page(client, "/articles/art-bridge")
    text = client.get("/v1/articles/art-bridge").json()["text"]
    assert tree.xpath("//div[contains(@class, 'article')]")[0].text_content() == text
    marked = [
        (a.get("class"), a.text, a.get("title"), a.get("data-n"))
        for a in tree.xpath("//a[contains(@class, 'mark')]")
    ]
    assert marked == [
        ("mark claim quote", "The bridge will reopen in May", "Ana Lee", "1, 2"),
        ("mark quote", ", and nobody will be hurt,", "Ana Lee", None),
        ("mark quote", "It is safe.", "Ana Lee", None),
        ("mark claim", "that the bridge is safe", "Owen Brandt", "3"),
    ]
    said = tree.xpath("//ol[@class='said']/li")
    assert ["Ana Lee" in item.text_content() for item in said] == [True, True, False]
    assert "Owen Brandt says it is not so" in " ".join(said[2].text_content().split())


POLARITY = (
    "Bo Diaz never said “the dam is safe”. Bo Diaz never said that the road was closed. He denied that the"
    " mill burned. He said that the river was not low. He never denied that the sluice leaks. He said that"
    " the weir holds."
)


@pytest.fixture
def two_facts(tmp_path: Path) -> Iterator[TestClient]:
    """The record of an actor who said, did not say, denied and negated."""

    def claim(words: str, cue: str, stance: Stance = Stance.ASSERT, **facts: bool) -> Said:
        return Said("Bo Diaz", words, ClaimKind.INDIRECT, cue, stance, **facts)  # type: ignore[arg-type]

    said = [
        Said("Bo Diaz", "the dam is safe", cue="never said", negated=True),
        claim("the road was closed", "never said", negated=True, proposition_negated=False),
        claim("the mill burned", "denied", Stance.DENY, proposition_negated=True),
        claim("the river was not low", "said", proposition_negated=True),
        claim("the sluice leaks", "never denied", Stance.DENY, negated=True, proposition_negated=True),
        claim("the weir holds", "said", proposition_negated=False),
    ]
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, story("art-two", POLARITY, said))
    with reader(address) as client:
        yield client


def test_pages_tell_what_was_not_said_from_what_is_not_so(two_facts: TestClient) -> None:
    expected = {
        "the dam is safe": "did not say", "the road was closed": "did not say", "the mill burned": "says it is not so",
        "the river was not low": "says something is not so", "the sluice leaks": "did not deny", "the weir holds": "",
    }  # fmt: skip
    items = page(two_facts, "/articles/art-two").xpath("//ol[@class='said']/li")
    shown = {words: item for item in items for words in expected if words in item.text_content()}
    assert {
        words: "".join(item.xpath(".//*[@class='polarity']/text()")) for words, item in shown.items()
    } == expected
    tree = page(two_facts, "/actors/person:bo-diaz")
    figures = dict(
        zip(tree.xpath("//dl//dt/text()"), (dd.text_content() for dd in tree.xpath("//dl//dd")), strict=True)
    )
    assert (figures["Quotes"], figures["Claims"], figures["Not said"]) == ("0", "3", "3")
    listed = tree.xpath("//li[@class='statement']")
    assert sum("did not say" in item.text_content() for item in listed) == 2
    latest = page(two_facts, "/").xpath("//td[@class='latest']")
    assert "did not" not in latest[0].text_content()


def test_what_was_not_said_can_be_asked_for(two_facts: TestClient) -> None:
    denied = two_facts.get("/v1/actors/person:bo-diaz/statements?negated=true").json()["items"]
    assert {item["text"] for item in denied} == {"the dam is safe", "the road was closed", "the sluice leaks"}
    said = two_facts.get("/v1/actors/person:bo-diaz/statements?negated=false").json()["items"]
    assert {item["text"]: item["proposition_negated"] for item in said} == {
        "the mill burned": True, "the river was not low": True, "the weir holds": False,
    }  # fmt: skip
    counts = two_facts.get("/v1/actors/person:bo-diaz").json()["counts"]
    assert (counts["quotes"], counts["claims"], counts["denied"]) == (0, 3, 3)
    [actor] = two_facts.get("/v1/actors?outlet=Gazette").json()["items"]
    assert actor["counts"] == counts
    page_of_them = page(two_facts, "/actors/person:bo-diaz?negated=true")
    assert len(page_of_them.xpath("//li[@class='statement']")) == 3


def test_an_empty_record_says_so(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, [])
    with reader(address) as client:
        assert "Nothing is on record yet" in page(client, "/").text_content()
        assert "No article has come through" in page(client, "/articles").text_content()
        assert "Nothing is on record yet" in page(client, "/search?q=x").text_content()


def test_pages_go_on(record_address: str) -> None:
    with reader(record_address, page_size=2) as client:
        first = page(client, "/")
        second = page(client, first.xpath("//a[@rel='next']/@href")[0])
        names = [row.text_content() for row in first.xpath("//tbody//th") + second.xpath("//tbody//th")]
        assert len(set(names)) == 4
        assert second.xpath("//nav[@aria-label='Pages']/a/@href")[0] == "/"


def test_forms_keep_what_was_asked(client: TestClient) -> None:
    tree = page(
        client, "/?q=e&from=2026-01-01&to=2026-12-31&outlet=Gazette&min_statements=2&sort=name&kind=person"
    )
    values = dict(tree.xpath("//form")[0].form_values())
    assert values == {"q": "e", "kind": "person", "from": "2026-01-01", "to": "2026-12-31", "outlet": "Gazette", "min_statements": "2",
                      "sort": "name"}  # fmt: skip
    empty = dict(page(client, "/").xpath("//form")[0].form_values())
    assert client.get("/", params=empty).status_code == 200, "an empty field is no filter"


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_meet_aa_in_both_schemes() -> None:
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))
        pairs = [
            (text, ground)
            for text in ("text", "muted", "link", "quote", "claim")
            for ground in ("ground", "raised")
        ]
        pairs += [
            (text, ground)
            for text in ("text", "muted")
            for ground in ("quote-ground", "claim-ground", "both-ground")
        ]
        for text, ground in [*pairs, ("ground", "link")]:
            light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_percentages_never_claim_certainty() -> None:
    assert [percent(value) for value in (0, 0.001, 0.5, 0.999, 1)] == ["0 %", "1 %", "50 %", "99 %", "100 %"]
