from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import LimitExceeded, PoisonError, TransientError
from services.extract.text import html
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


def test_one_worker_reads_many_pages_and_a_dead_one_is_replaced(reader: HtmlReader) -> None:
    reader.read(PAGE, article_id="a")
    first = reader._process
    reader.read(PAGE, article_id="b")
    assert first is not None
    assert reader._process is first
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert "waited long enough" in reader.read(PAGE, article_id="c").text
    assert reader._process is not first


def test_a_worker_killed_in_the_middle_of_a_page_is_replaced_and_the_page_read_again(
    reader: HtmlReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.read(PAGE, article_id="a")
    exchange = html._exchange
    killed: list[int] = []

    def kill_first(process: subprocess.Popen[bytes], request: bytes, timeout_s: float) -> dict[str, Any]:
        if not killed:
            killed.append(process.pid)
            process.kill()
            process.wait()
        return exchange(process, request, timeout_s)

    monkeypatch.setattr(html, "_exchange", kill_first)
    assert "waited long enough" in reader.read(PAGE, article_id="b").text
    assert killed


def test_a_worker_that_cannot_start_is_no_fault_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_WORKER", Path("/nowhere/html_worker.py"))
    with pytest.raises(TransientError, match="does not start"):
        HtmlReader(HtmlLimits()).read(PAGE, article_id="a")


def test_a_page_the_parser_fails_on_is_unreadable_and_the_worker_goes_on(
    reader: HtmlReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # no page is known that makes the parser raise, so a worker whose parser raises on one page stands in
    worker = tmp_path / "worker.py"
    worker.write_text(f"""
import runpy, trafilatura
parse = trafilatura.bare_extraction
def failing(page, **options):
    if "Secret words" in page:
        raise KeyError(page)
    return parse(page, **options)
trafilatura.bare_extraction = failing
runpy.run_path({str(html._WORKER)!r}, run_name="__main__")
""")
    monkeypatch.setattr(html, "_WORKER", worker)
    reader.read(PAGE, article_id="a")
    first = reader._process
    with pytest.raises(PoisonError, match=r"article art-9: the page cannot be parsed \(KeyError\)") as caught:
        reader.read(PAGE.replace("waited long enough", "Secret words"), article_id="art-9")
    assert (caught.value.stage, caught.value.reason) == ("extract", "html_unreadable")
    assert "Secret" not in str(caught.value)
    assert "waited long enough" in reader.read(PAGE, article_id="b").text
    assert reader._process is first


def test_a_span_wider_than_any_table_is_harmless(reader: HtmlReader) -> None:
    html = PAGE.replace("</article>", "<table><tr><td colspan=9007199254740991>x</td></tr></table></article>")
    assert "waited long enough" in reader.read(html, article_id="a").text


@pytest.mark.parametrize("depth", [5_000, 100_000])
def test_deep_nesting_is_refused_before_parsing(depth: int) -> None:
    assert refused(HtmlLimits(), "<html><body>" + "<div>" * depth + "x" + "</div>" * depth) == "html_depth"


def test_two_hundred_thousand_paragraphs_are_refused_before_parsing() -> None:
    started = time.process_time()
    assert refused(HtmlLimits(), "<html><body>" + "<p>words here</p>" * 200_000) == "html_tags"
    assert time.process_time() - started < 20.0


def test_a_page_that_takes_too_long_is_killed_and_the_next_one_read() -> None:
    slow = "<html><body><article>" + "<p>Some words of a paragraph that is long enough to count.</p>" * 40_000 + "</article></body></html>"
    reader = HtmlReader(HtmlLimits(timeout_s=0.5))
    try:
        with pytest.raises(LimitExceeded) as caught:
            reader.read(slow, article_id="a")
        assert caught.value.reason == "html_timeout"
        assert reader._process is None
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
        scan("<a " * count + "<!--" * count + "<script" * count, max_bytes=10**9, max_tags=10**9, max_depth=10**9)
        return time.process_time() - started

    allowed = 40 * max(seconds(10_000), 0.002)
    assert any(seconds(100_000) < allowed for _ in range(5)), "a neighbour on the same core may slow one reading"


def test_scripts_comments_and_siblings_do_not_count_as_depth() -> None:
    html = "<ul>" + "<li>x" * 100 + "</ul><!-- <div><div> --><script>'<div><div><div>'</script><p>a<p>b<p>c<br><br><img>"
    assert scan(html, max_bytes=10**6, max_tags=1_000, max_depth=10).depth == 1


@pytest.mark.parametrize(
    ("html", "language"), [('<html lang="fr">', "fr"), ("<HTML class=a LANG=de-AT>", "de-AT"), ("<html>", None), ("", None)]
)
def test_the_declared_language_is_read(html: str, language: str | None) -> None:
    assert declared_language(html) == language
