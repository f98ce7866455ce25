from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from services.chassis.errors import LimitExceeded, PoisonError
from services.chassis.html import DEEPEST, TooDeep, flattened
from services.extract.text import html, html_worker
from services.extract.text.html import HtmlLimits, HtmlReader
from services.extract.text.prescan import declared_language, scan
from tests.support.patience import PATIENCE_S

PAGE = """<!doctype html><html lang="en-GB"><head><title>Bridge to reopen | Example</title>
<meta property="og:title" content="Bridge to reopen"><meta property="article:published_time" content="2026-03-04T10:00:00Z">
<script>if (a<b) { document.write("<div><div><div>") }</script></head><body><nav><a href="/">Home</a><a href="/x">More</a></nav>
<article><h1>Bridge to reopen</h1><p>The minister said the bridge will reopen in May, after two years of repairs that cost far more
than anybody had expected when the work began.</p><p>“We have waited long enough,” she told reporters on Tuesday in front of the
ministry, where some residents had gathered to protest against the delay.</p><p>The works began in 2024 and were to last eight
months, according to the contract that the city published.</p></article><footer>Imprint</footer></body></html>"""


@pytest.fixture
def reader() -> Iterator[HtmlReader]:
    made = HtmlReader(HtmlLimits(timeout_s=PATIENCE_S))
    yield made
    made.close()


def refused(limits: HtmlLimits, html: str) -> str:
    reader = HtmlReader(limits)
    try:
        with pytest.raises(LimitExceeded, match="article art-9") as caught:
            reader.read(html, article_id="art-9")
    finally:
        reader.close()
    assert caught.value.stage == "extract"
    return caught.value.reason


def test_main_text_title_language_and_date_are_read(reader: HtmlReader) -> None:
    page = reader.read(PAGE, article_id="a")
    assert page.title == "Bridge to reopen"
    assert page.language == "en-GB"
    assert str(page.published_on) == "2026-03-04"
    assert "“We have waited long enough,” she told reporters" in page.text
    assert "Home" not in page.text
    assert "Imprint" not in page.text


def test_one_worker_reads_many_pages(reader: HtmlReader) -> None:
    reader.read(PAGE, article_id="a")
    first = reader._worker.pid
    reader.read(PAGE, article_id="b")
    assert first is not None
    assert reader._worker.pid == first


def failing(argument: str) -> Callable[[bytes], bytes]:
    """No page is known that makes the parser raise, so work that raises on one page stands in."""
    read = html_worker.build(argument)

    def work(page: bytes) -> bytes:
        if b"Secret words" in page:
            raise KeyError(page)
        return read(page)

    return work


def test_a_page_the_parser_fails_on_is_unreadable_and_the_worker_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html, "_WORKER", f"{__name__}:failing")
    reader = HtmlReader(HtmlLimits(timeout_s=PATIENCE_S))
    try:
        reader.read(PAGE, article_id="a")
        first = reader._worker.pid
        with pytest.raises(
            PoisonError, match=r"article art-9: the page cannot be parsed \(KeyError\)"
        ) as caught:
            reader.read(PAGE.replace("waited long enough", "Secret words"), article_id="art-9")
        assert (caught.value.stage, caught.value.reason) == ("extract", "html_unreadable")
        assert "Secret" not in str(caught.value)
        assert "waited long enough" in reader.read(PAGE, article_id="b").text
        assert reader._worker.pid == first
    finally:
        reader.close()


def test_a_span_wider_than_any_table_is_harmless(reader: HtmlReader) -> None:
    html = PAGE.replace("</article>", "<table><tr><td colspan=9007199254740991>x</td></tr></table></article>")
    assert "waited long enough" in reader.read(html, article_id="a").text


def deep(depth: int) -> str:
    """A page whose words stand so many elements deep, and the end of it behind them."""
    head, tail = PAGE.split("<p>“We", 1)
    return f"{head}{'<div>' * depth}<p>“We{tail}".replace("</article>", "</div>" * depth + "</article>")


@pytest.mark.parametrize("depth", [300, 600, 5_000])
def test_a_page_that_nests_deeper_than_the_parser_goes_is_read_like_any_other(
    reader: HtmlReader, depth: int
) -> None:
    plain = reader.read(PAGE, article_id="a")
    page = reader.read(deep(depth), article_id="b")
    assert page.text == plain.text
    assert page.title == plain.title


def nesting(tree: etree._Element) -> int:
    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


@pytest.mark.parametrize("depth", [DEEPEST - 2, DEEPEST, 600, 5_000, 1_000_000])
def test_a_flattened_tree_has_all_the_words_in_order(depth: int) -> None:
    tree = flattened("<body>" + "<div>x" * depth + "<p>one<p>two<b>three</b>four")
    assert tree is not None
    assert nesting(tree) <= DEEPEST
    assert "".join(tree.itertext()) == "x" * depth + "onetwothreefour"
    assert [node.text for node in tree.iter("p")] == ["one", "two"]


@pytest.mark.parametrize(
    "page", ["<div>" * 300_000 + "</x>" * 300_000, "<b>" * 100_000 + "<div>" * 100_000 + "</b>" * 100_000]
)
def test_end_tags_that_the_parser_would_look_for_through_a_deep_page_are_not_waited_for(page: str) -> None:
    started = time.process_time()
    with pytest.raises(TooDeep):
        flattened(page)
    assert time.process_time() - started < 20.0


def test_a_page_deep_beyond_reason_is_refused(reader: HtmlReader) -> None:
    with pytest.raises(LimitExceeded, match="article art-9: the page nests too deep") as caught:
        reader.read(deep(40_000), article_id="art-9")
    assert (caught.value.stage, caught.value.reason) == ("extract", "html_depth")
    with pytest.raises(LimitExceeded) as caught:
        reader.read(deep(100_000), article_id="art-9")
    assert caught.value.reason == "html_tags"


def test_tags_in_scripts_and_comments_do_not_count() -> None:
    page = "<ul>" + "<li>x" * 8 + "</ul><!-- <div><div> --><script>'<div><div><div>'</script>"
    assert scan(page, max_bytes=10**6, max_tags=10) is None
    assert scan(page, max_bytes=10**6, max_tags=9) == "html_tags"


def test_two_hundred_thousand_paragraphs_are_refused_before_parsing() -> None:
    started = time.process_time()
    assert refused(HtmlLimits(), "<html><body>" + "<p>words here</p>" * 200_000) == "html_tags"
    assert time.process_time() - started < 20.0


def test_a_page_that_takes_too_long_is_killed_and_the_next_one_read() -> None:
    slow = (
        "<html><body><article>"
        + "<p>Some words of a paragraph that is long enough to count.</p>" * 40_000
        + "</article></body></html>"
    )
    reader = HtmlReader(HtmlLimits(timeout_s=0.5))
    try:
        with pytest.raises(LimitExceeded) as caught:
            reader.read(slow, article_id="a")
        assert caught.value.reason == "html_timeout"
        assert reader._worker.pid is None
        patient = HtmlReader(HtmlLimits(timeout_s=PATIENCE_S))
        try:
            assert "waited long enough" in patient.read(PAGE, article_id="b").text
        finally:
            patient.close()
    finally:
        reader.close()


def test_a_page_that_takes_too_much_memory_is_refused() -> None:
    heavy = (
        "<html><body><article>"
        + "<p>Some words of a paragraph that is long enough to count, and more.</p>" * 50_000
        + "</article></body></html>"
    )
    assert refused(HtmlLimits(timeout_s=PATIENCE_S, memory_mb=16), heavy) == "html_memory"


def test_a_page_larger_than_the_limit_is_refused() -> None:
    assert refused(HtmlLimits(max_bytes=1_000), "<p>" + "ä" * 600) == "too_large"


def test_the_scan_is_linear_on_broken_tags() -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        scan("<a " * count + "<!--" * count + "<script" * count, max_bytes=10**9, max_tags=10**9)
        return time.process_time() - started

    allowed = 40 * max(seconds(10_000), 0.002)
    assert any(seconds(100_000) < allowed for _ in range(5)), (
        "a neighbour on the same core may slow one reading"
    )


@pytest.mark.parametrize(
    ("html", "language"),
    [('<html lang="fr">', "fr"), ("<HTML class=a LANG=de-AT>", "de-AT"), ("<html>", None), ("", None)],
)
def test_the_declared_language_is_read(html: str, language: str | None) -> None:
    assert declared_language(html) == language
