"""How sure the speaker is, as readers see it: in the API, its filter, and before the name on pages."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from lxml import html

from schemas.events import Actor, Claim, Document, Quote, Resolution
from tests.support.reading import LEE, fill, reader
from tests.support.stories import Said, story

TEXT = (
    "“It opens in May,” said Ana Lee. “It is safe,” she said. “It is late,” she added. "
    "“It is dear,” somebody said. “It is old,” Ana Lee said."
)
WORDS = ("It opens in May,", "It is safe,", "It is late,", "It is dear,", "It is old,")
SURE = {"It opens in May,": 0.98, "It is safe,": 0.7, "It is late,": 0.5, "It is dear,": 0.3}
"""Source confidences; that of the last words is not known. The actor is Ana Lee, at .95 each."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    address = f"sqlite:///{tmp_path_factory.mktemp('record') / 'record.db'}"
    document, *found = story(
        "art-1", TEXT, [Said("Ana Lee", words, confidence=0.25) for words in WORDS], title="Bridge"
    )
    fill(address, [document, *(surer(statement) for statement in found)])
    with reader(address) as client:
        yield client


def surer(statement: Document | Quote | Claim) -> Quote:
    assert isinstance(statement, Quote)
    speaker: Actor = statement.speaker
    if statement.text == "It is dear,":
        speaker = speaker.model_copy(update={"resolution": Resolution.UNRESOLVED, "confidence": 0.0})
    return statement.model_copy(update={"speaker": speaker, "source_confidence": SURE.get(statement.text)})


def test_the_api_tells_it_and_null_where_it_is_not_known(client: TestClient) -> None:
    statements = client.get("/v1/articles/art-1").json()["statements"]
    assert {statement["text"]: statement["source_confidence"] for statement in statements} == dict.fromkeys(
        WORDS
    ) | SURE
    one = client.get(f"/v1/statements/{statements[0]['statement_id']}").json()
    assert (one["confidence"], one["source_confidence"]) == (0.25, 0.98)


@pytest.mark.parametrize(("least", "left"), [(0.99, 0), (0.7, 2), (0.5, 3), (0.26, 4), (0.25, 5), (0, 5)])
def test_the_filter_counts_what_is_not_known_as_the_attributions_own(
    client: TestClient, least: float, left: int
) -> None:
    for path in (f"/v1/actors/{quote(LEE, safe='')}/statements", "/v1/search"):
        answer = client.get(path, params={"min_source_confidence": least, "q": "it"}).json()
        assert answer.get("statements", answer)["total"] == left, path


def test_it_is_a_probability(client: TestClient) -> None:
    assert client.get("/v1/search", params={"q": "it", "min_source_confidence": 1.5}).status_code == 422


def test_an_unsure_speaker_is_named_with_care(client: TestClient) -> None:
    page = html.fromstring(client.get("/articles/art-1", headers={"accept": "text/html"}).content)
    names = [
        " ".join(item.xpath("p")[0].text_content().split()) for item in page.xpath("//ol[@class='said']/li")
    ]
    assert names == ["Ana Lee", "probably Ana Lee", "possibly Ana Lee", "Ana Lee", "Ana Lee"]
    doubts = [
        item.xpath(".//p[@class='facts']//*[@class='doubt']") for item in page.xpath("//ol[@class='said']/li")
    ]
    assert [[doubt.text_content() for doubt in found] for found in doubts] == [
        [], ["probably this speaker: 66 %"], ["possibly this speaker: 48 %"], [], [],
    ]  # fmt: skip
    searched = html.fromstring(client.get("/search?q=safe", headers={"accept": "text/html"}).content)
    (found,) = searched.xpath("//li[@class='statement']")
    assert "probably Ana Lee" in " ".join(found.text_content().split())
    record = html.fromstring(
        client.get(f"/actors/{quote(LEE, safe='')}?q=late", headers={"accept": "text/html"}).content
    )
    assert "possibly this speaker: 48 %" in record.text_content()


def test_a_form_keeps_the_filter(client: TestClient) -> None:
    path = f"/actors/{quote(LEE, safe='')}?min_source_confidence=0.6"
    page = html.fromstring(client.get(path, headers={"accept": "text/html"}).content)
    assert page.xpath("//input[@name='min_source_confidence']/@value") == ["0.6"]
    assert "2 statements within the filters" in " ".join(page.text_content().split())
