"""Joint statements as readers see them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from lxml import html

from schemas.events import Quote
from tests.support.reading import fill, reader
from tests.support.stories import Said, story

TEXT = "“The bridge would reopen,” <b>Ana Lee</b> and Bo Chen said."


def test_the_api_and_the_pages_name_both_and_link_to_each(tmp_path: Path) -> None:
    words = "The bridge would reopen,"
    document, first, second = story(
        "art-1", TEXT, [Said("<b>Ana Lee</b>", words), Said("Bo Chen", words)], title="Bridge"
    )
    assert isinstance(first, Quote)
    assert isinstance(second, Quote)
    first = first.model_copy(update={"jointly_with": (second.speaker,)})
    second = second.model_copy(update={"jointly_with": (first.speaker,)})
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, [document, first, second])
    with reader(address) as client:
        statements = client.get("/v1/articles/art-1").json()["statements"]
        beside = {s["actor"]["name"]: [other["name"] for other in s["jointly_with"]] for s in statements}
        assert beside == {first.speaker.name: ["Bo Chen"], "Bo Chen": [first.speaker.name]}
        [one] = client.get(f"/v1/actors/{quote('person:bo-chen', safe='')}/statements").json()["items"]
        assert one["jointly_with"][0]["actor_id"] == first.speaker.actor_id
        for path in ("/articles/art-1", "/search?q=bridge+reopen"):
            page = client.get(path, headers={"accept": "text/html"}).content
            tree = html.fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
            shown = sorted(
                " ".join(span.text_content().split())
                for span in tree.xpath("//span[starts-with(., 'jointly with')]")
            )
            assert shown == sorted([f"jointly with {first.speaker.name}", "jointly with Bo Chen"])
