"""What is highlighted is the text, whatever overlaps."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from services.query.highlight import Mark, pieces
from services.query.pages import marks
from services.query.rendering import render
from services.query.text import REPLACEMENT, segment, shorten, visible, web_address
from tests.support.reading import sample

TEXTS = st.text(st.characters(), max_size=80) | st.text(
    "ab <>&\"'\n\r\t\x00\x07\u202e\u2066\u200d‘’“”é\u0301", max_size=80
)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[Mark]]:
    text = draw(TEXTS)
    edge = st.integers(-2, len(text) + 2)
    spans = draw(
        st.lists(st.tuples(edge, edge, st.integers(1, 5), st.sampled_from(["quote", "claim"])), max_size=8)
    )
    return text, [Mark(*span) for span in spans]


@given(marked())
def test_pieces_make_up_the_text_under_the_right_marks(case: tuple[str, list[Mark]]) -> None:
    text, given_marks = case
    found = pieces(text, given_marks)
    assert "".join(piece.text for piece in found) == text
    at = 0
    for piece in found:
        assert piece.text or not text
        for here in range(at, at + len(piece.text)):
            expected = {m.number for m in given_marks if m.start <= here < m.end}
            assert {m.number for m in piece.marks} == expected
        lengths = [m.end - m.start for m in piece.marks]
        assert lengths == sorted(lengths), "the most specific comes first"
        at += len(piece.text)
    opened = [number for piece in found for number in piece.opens]
    assert len(opened) == len(set(opened)), "a statement is numbered once"
    shown = {m.number for m in given_marks if max(m.start, 0) < min(m.end, len(text))}
    assert set(opened) == shown


class _Statement:
    def __init__(self, number: int) -> None:
        self.statement_id = f"s{number}"
        self.kind = "claim"
        self.subkind = "indirect"
        self.spans: tuple[object, ...] = ()
        self.actor = type(
            "Actor",
            (),
            {"name": "<b>", "actor_id": "a", "kind": "person", "article_id": None, "mention": None},
        )()
        self.actor_on_record = self.actor  # the macros read what they have in common
        self.cue = None
        self.stance = "assert"
        self.negated = False
        self.check_worthiness = None
        self.confidence = 0.5
        self.within = self.reassigned_by = None
        self.jointly_with: tuple[object, ...] = ()
        self.hedge = ""
        self.polarity = ""
        self.reassigned_by = None


@given(marked())
def test_the_page_shows_the_text_itself(case: tuple[str, list[Mark]]) -> None:
    text, given_marks = case
    article = type("Article", (), {
        "title": "T", "article_id": "a", "language": "en", "outlet": None, "authors": [], "published_at": None, "url": None, "revision": 1,
        "extractor": type("Extractor", (), {"name": "n", "version": "1"})(), "statements": [_Statement(n) for n in range(1, 6)],
    })()  # fmt: skip
    body = bytes(
        render("article.html", article=article, trail=None, pieces=pieces(text, given_marks), here="").body
    )
    (shown,) = html.fromstring(body, parser=html.HTMLParser(encoding="utf-8")).xpath(
        "//div[contains(@class, 'article')]"
    )
    assert shown.text_content() == visible(text)


@given(TEXTS)
def test_visible_text_is_harmless_and_of_the_same_length(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        assert after in (before, REPLACEMENT, " ")
        assert after in "\n\t" or unicodedata.category(after) not in ("Cc", "Cs")
        assert unicodedata.bidirectional(after) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
    shown.encode()  # would raise on a lone surrogate


def test_ordinary_text_is_left_alone() -> None:
    text = "“Žak” said:\n\tنجيب \u200fمحفوظ 👩\u200d🚀 e\u0301 — 王小明\u00a0!"
    assert visible(text) == text


def test_sample_marks_are_numbered_as_listed() -> None:
    assert len(sample()) > 10
    assert marks([]) == []


def test_shorten() -> None:
    assert shorten("one two three", 20) == "one two three"
    assert shorten("one two three", 9) == "one two…"
    assert shorten("It ended. Then more", 12) == "It ended…"
    assert shorten("王" * 30, 10) == "王" * 9 + "…"


def test_web_address() -> None:
    assert web_address("https://example.org/a?b=1#c") == "https://example.org/a?b=1#c"
    for bad in (
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "https:// x",
        "https://x\ny",
        " https://x",
        "ftp://x",
        "https://",
    ):
        assert web_address(bad) is None
    assert segment("person:é/ü?#") == "person%3A%C3%A9%2F%C3%BC%3F%23"
