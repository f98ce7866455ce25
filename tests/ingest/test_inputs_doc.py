"""What docs/inputs.md shows is read as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from schemas.events import Article
from services.ingest.readers import SUFFIXES
from tests.support.arrivals import one_article

DOC = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(json|csv)\n(.*?)```", DOC, re.DOTALL)


@pytest.mark.parametrize(
    ("form", "example"), EXAMPLES, ids=[f"{form}-{n}" for n, (form, _) in enumerate(EXAMPLES)]
)
def test_every_example_is_the_same_article(form: str, example: str) -> None:
    article = one_article(f"a.{form}", example.encode())
    assert article.url == "https://gazette.example/tunnel"
    assert article.title == "Tunnel opens"
    assert article.language == "en"
    assert article.outlet in ("Gazette", "gazette.example")
    assert article.published_at is not None
    assert article.published_at.date().isoformat() == "2026-03-01"
    assert "“The tunnel will open in March,” Eva Lind said." in article.content
    assert article.authors[:1] in (("Ida Holm",), ())


def test_every_field_of_ours_has_an_example_that_is_read() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", DOC.partition("## ninjs")[0], re.MULTILINE))
    assert set(table) == set(Article.model_fields)
    values = {name: json.loads(example) for name, example in table.items()}
    article = one_article("a.json", json.dumps(values).encode())
    assert json.loads(article.encode()) == values


def test_every_suffix_is_listed() -> None:
    assert set(SUFFIXES) <= set(re.findall(r"`(\.\w+)`", DOC))
