"""Errors listed as pages: what is an error, that pages show the text as it is, and where they may be
written."""

import re
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.quality.__main__ import main
from lab.quality.errors import EDGES, FALSE, MISSED, WRONG_CUE, WRONG_SOURCE, errors_of
from lab.quality.pages import FolderRefused, Listed, check_folder, marked, write_pages
from lab.quality.polnear import GoldArticle, GoldAttribution, merge_ranges
from services.extract.types import Attribution, Range

TEXT = (
    "The ministry said the <b>bridge</b> & road will reopen in May. Its head added that it is late. “So"
    " what,” asked Bo."
)


def at(words: str) -> Range:
    start = TEXT.index(words)
    return Range(start, start + len(words))


ARTICLE = GoldArticle(
    "a <i>name</i>",
    TEXT,
    (
        GoldAttribution(
            (at("The ministry"),), (at("said"),), (at("the <b>bridge</b> & road will reopen in May"),)
        ),
        GoldAttribution((at("Its head"),), (at("added"),), (at("that it is late"),)),
        GoldAttribution((at("Bo"),), (at("asked"),), (at("“So what,”"),)),
    ),
    1,
    Path("a.ann"),
)
FOUND = (
    # wrong source, both edges
    Attribution("indirect", (at("bridge</b> & road will reopen"),), at("Its head"), at("said"), 0.7),
    Attribution("indirect", (at("that it is late"),), at("Its head"), at("added"), 0.9),  # right
    Attribution("indirect", (at("ministry"),), None, None, 0.2),  # false
)


def test_errors_are_named_and_sorted() -> None:
    shown = [
        (error.kinds, error.subset, error.detail, error.confidence) for error in errors_of(ARTICLE, FOUND)
    ]
    assert shown == [
        ((FALSE,), "indirect, other cue", "", 0.2),
        ((WRONG_SOURCE, EDGES), "indirect, speech cue", "begins late, ends early", 0.7),
        ((MISSED,), "direct", "", None),
    ]


def test_a_cue_that_is_missing_is_wrong_and_a_hole_differs_inside() -> None:
    content = at("the <b>bridge</b> & road will reopen in May")
    holed = (Range(content.start, content.start + 3), Range(content.start + 7, content.end))
    error, *_ = errors_of(ARTICLE, [Attribution("indirect", holed, at("The ministry"), None, 0.5)])
    assert error.kinds == (WRONG_CUE, EDGES)
    assert error.detail == "differs inside"


def plain(html: str) -> str:
    """The text of marked text, without the numbers of errors."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"<sup.*?</sup>", "", html, flags=re.DOTALL)))


def test_the_marked_text_is_the_text() -> None:
    html = marked(ARTICLE, FOUND, errors_of(ARTICLE, FOUND))
    assert plain(html) == TEXT
    assert "<b>" not in html
    assert '<span class="f-cue g-cue">said</span>' in html


class Checker(HTMLParser):
    """Collects ids and links; fails on tags that do not nest."""

    VOID = frozenset(("meta", "br"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_link_of_every_page_leads_somewhere(tmp_path: Path) -> None:
    errors = errors_of(ARTICLE, FOUND)
    right = Listed(ARTICLE, (), ())  # an article without errors has no page
    assert (
        write_pages(
            tmp_path / "out",
            "A title",
            [Listed(ARTICLE, FOUND, errors), right, Listed(ARTICLE, FOUND, errors)],
        )
        == 6
    )
    pages = {path.name: Checker() for path in (tmp_path / "out").iterdir()}
    assert {"index.html", "article-001.html", "article-002.html", "kind-wrong-source.html"} <= set(pages)
    assert "article-003.html" not in pages
    for name, checker in pages.items():
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<i>name" not in text
        checker.feed(text)
        assert checker.open == []
        assert len(checker.ids) == len(set(checker.ids))
    for name, checker in pages.items():
        for link in checker.links:
            page, _, place = link.partition("#")
            assert not place or place in pages[page or name].ids, f"{name} → {link}"


spans = (
    st.tuples(st.integers(0, 30), st.integers(0, 30))
    .map(lambda pair: Range(min(pair), max(pair)))
    .filter(lambda r: r.end > r.start)
)


@given(st.data(), st.text(alphabet="ab <&>\"'\n“é", min_size=31, max_size=40))
def test_any_text_with_any_spans_stays_itself(data: st.DataObject, text: str) -> None:
    some = st.lists(spans, max_size=2).map(merge_ranges)
    content = st.lists(spans, min_size=1, max_size=2).map(merge_ranges)
    gold = data.draw(st.lists(st.builds(GoldAttribution, some, some, content), max_size=3))
    found = data.draw(
        st.lists(
            st.builds(
                Attribution,
                st.just("indirect"),
                content,
                st.none() | spans,
                st.none() | spans,
                st.floats(0, 1),
            ),
            max_size=3,
        )
    )
    article = GoldArticle("x", text, tuple(gold), 1, Path("x.ann"))
    errors = errors_of(article, found)
    html = marked(article, found, errors)
    assert plain(html) == text
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert checker.ids == [f"t{number}" for number in range(1, len(errors) + 1)]


def test_pages_are_not_written_where_they_could_be_committed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/build/\n")
    check_folder(tmp_path / "build" / "errors")
    for refused in (tmp_path, tmp_path / "new" / "folder"):
        with pytest.raises(FolderRefused, match="git repository"):
            check_folder(refused)
    assert main(["--corpus", "anywhere", "--html", str(tmp_path / "new")]) == 2
    assert "pass a folder outside it" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
