"""Quotations and paragraphs that only a page's markup shows."""

from __future__ import annotations

import time

import pytest
from lxml import html

from services.extract.text.markup import spelled_out


def made(body: str) -> tuple[bool, str]:
    """Whether a page was changed, and its body."""
    tree = html.fromstring(f"<html><body>{body}</body></html>")
    changed = spelled_out(tree)
    return changed, html.tostring(tree.find("body"), encoding="unicode")[len("<body>") : -len("</body>")]


QUOTATIONS = [
    ("<p>Ames said: <q>We are late.</q> She left.</p>", "<p>Ames said: “We are late.” She left.</p>"),
    ("<p><q>He said <q>no</q> twice</q>, she said.</p>", "<p>“He said ‘no’ twice”, she said.</p>"),
    ("<p>Ames said: <q>We are <b>late</b></q>.</p>", "<p>Ames said: “We are <b>late</b>”.</p>"),
    ("<p>Ames said: <q>“We are late.”</q></p>", "<p>Ames said: “We are late.”</p>"),
    (
        "<p>Ames wrote:</p><blockquote><p>The wall is safe.</p></blockquote>",
        "<p>Ames wrote:</p><blockquote><p>“The wall is safe.”</p></blockquote>",
    ),
    (
        "<p>Ames wrote:</p><blockquote><p>It is safe.</p><p>I slept there.</p></blockquote>",
        "<p>Ames wrote:</p><blockquote><p>“It is safe.</p><p>“I slept there.”</p></blockquote>",
    ),
    (
        "<p>Ames wrote: </p><blockquote>It is safe.</blockquote>",
        "<p>Ames wrote: </p><blockquote>“It is safe.”</blockquote>",
    ),
]


@pytest.mark.parametrize(("body", "wanted"), QUOTATIONS, ids=[body[:40] for body, _ in QUOTATIONS])
def test_quotations_in_markup_get_their_marks(body: str, wanted: str) -> None:
    assert made(body) == (True, wanted)


KEPT = [
    # a pull quote, or an extract of a report
    "<p>The wall is old.</p><blockquote><p>It is safe.</p></blockquote>",
    "<p>Ames wrote:</p><blockquote><p>“It is safe.”</p></blockquote>",
    "<div><h4>More</h4>Sign up</div>",
    (
        "<div><span>News</span>This form is protected by a long notice that ends here.<p>The wall is"
        " old.</p></div>"
    ),
]


@pytest.mark.parametrize("body", KEPT)
def test_other_markup_stays_as_it_is(body: str) -> None:
    assert made(body) == (False, body)


def test_sentences_behind_a_heading_are_a_paragraph() -> None:
    body = (
        "<div><h4>The cost</h4>The work will cost <b>£3 million</b> and last until October.<div>x</div></div>"
    )
    wanted = (
        "<div><h4>The cost</h4><p>The work will cost <b>£3 million</b> and last until"
        " October.</p><div>x</div></div>"
    )
    assert made(body) == (True, wanted)


def test_time_is_linear_in_the_page() -> None:
    piece = (
        "<div><h4>The cost</h4>The work will cost <b>£3 million</b> <q>and</q> last until"
        " October.<p>x</p></div>"
    )

    def seconds(times: int) -> float:
        tree = html.fromstring(f"<html><body>{piece * times}</body></html>")
        started = time.process_time()
        spelled_out(tree)
        return time.process_time() - started

    assert min(seconds(4_000) for _ in range(3)) < 10 * min(seconds(1_000) for _ in range(3))
