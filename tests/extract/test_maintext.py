from __future__ import annotations

import pytest
from trafilatura import load_html

from services.chassis.pagehead import read_head
from services.extract.text.maintext import main_text

FIRST = (
    "The harbour stays closed until Friday, the port authority said, because the storm tore two of its gates"
    " from their hinges."
)
SECOND = (
    "“Nobody was hurt, and that is what matters,” Mayor Ann Lee told reporters on the quay in front of the"
    " damaged gates."
)
THIRD = (
    "Repairs are to begin on Monday, according to the engineers who looked at the gates with divers on Sunday"
    " morning."
)
LAST = (
    "The authority had warned of weak hinges in a report last year, which the council discussed but did not"
    " act upon."
)


def text_of(body: str, head: str = "") -> str:
    tree = load_html(
        f"<!doctype html><html><head><title>Harbour closed</title>{head}</head><body>{body}</body></html>"
    )
    assert tree is not None
    return main_text(tree, read_head(tree)) or ""


def article(between: str = "", before: str = "", after: str = "") -> str:
    return (
        "<main><article><h1>Harbour"
        f" closed</h1>{before}<div><p>{FIRST}</p><p>{SECOND}</p>{between}<p>{THIRD}</p><p>{LAST}</p></div>"
        f"{after}</article></main>"
    )


WHOLE = "\n".join((FIRST, SECOND, THIRD, LAST))

BOXES = {
    "caption": (
        '<figure><img src="a.jpg"><figcaption>Waves hit the western quay on Saturday'
        " night.</figcaption></figure>"
    ),
    "caption in a div": (
        '<div class="article-image"><img src="a.jpg"><p>Waves hit the western quay on Saturday'
        " night.</p></div>"
    ),
    "newsletter": (
        '<div class="newsletter-box"><p>Get the best of our harbour news in your inbox every'
        " morning.</p></div>"
    ),
    "related": (
        '<section class="relatedContent"><p>The council knew of weak hinges for more than ten'
        " months.</p></section>"
    ),
    "card": (
        '<a href="/other"><div><p>The council knew of weak hinges for more than ten months.</p></div></a>'
    ),
    "pointer": (
        '<p><strong>More:</strong> <a href="/other">The council knew of weak hinges for ten months</a></p>'
    ),
    "comments": '<div id="comments"><p>I have always said that those hinges would not last long.</p></div>',
    "consent": (
        '<div class="embed-consent"><p>Content of others is only shown to you when you agree to it'
        " here.</p></div>"
    ),
    "aside": "<aside><p>The harbour was built in 1904 and has seven gates of oak and steel.</p></aside>",
    "repeated notice": "<p>Content of others is not available here.</p>" * 4,
}


@pytest.mark.parametrize("name", BOXES)
def test_what_stands_beside_the_article_is_left_out(name: str) -> None:
    assert text_of(article(BOXES[name])) == WHOLE


def test_an_article_called_by_a_boxs_name_is_kept() -> None:
    assert text_of(f'<div class="newsletter promo-wrapper">{article()}</div>') == WHOLE
    bare = "<br><br>".join((FIRST, SECOND, THIRD, LAST))
    assert text_of(f"<form action='/page.aspx'><h2>Port</h2><div>{bare}</div></form>").split("\n")[
        -4:
    ] == WHOLE.split("\n")


def test_paragraphs_that_each_bear_a_boxs_name_are_kept() -> None:
    body = "".join(
        f'<div class="text share n{n}" id="share-{n}"><p>{line}</p></div>'
        for n, line in enumerate(WHOLE.split("\n"))
    )
    assert text_of(f"<article><h1>Harbour closed</h1>{body}</article>") == WHOLE


def test_the_title_and_by_line_are_no_paragraphs() -> None:
    said = '<meta property="og:title" content="Harbour closed"><meta name="author" content="Bo Chen">'
    assert text_of(article(before="<p>Harbour closed</p><p>By Bo Chen</p>"), said) == WHOLE


@pytest.mark.parametrize("tag", ["h2", "h3", "h4", "h5"])
def test_headings_between_paragraphs_are_kept(tag: str) -> None:
    lines = text_of(article(f"<{tag}><span>Weak hinges</span></{tag}>")).split("\n")
    assert lines == [FIRST, SECOND, "Weak hinges", THIRD, LAST]


SUMMARY = "Two gates of the old harbour are broken; the town will pay for most of the repairs."


def test_the_summary_above_an_article_is_part_of_it_once() -> None:
    said = f'<meta name="description" content="{SUMMARY}">'
    assert (
        text_of(f"<header><h1>Harbour closed</h1><div><p>{SUMMARY}</p></div></header>{article()}", said)
        == f"{SUMMARY}\n{WHOLE}"
    )
    assert text_of(article(before=f'<p class="article-lead">{SUMMARY}</p>')) == f"{SUMMARY}\n{WHOLE}"
    assert text_of(article(before=f'<p class="article-lead">{SUMMARY}</p>'), said).count(SUMMARY) == 1
    assert text_of(article(), said) == WHOLE, (
        "a description that readers of the page do not see is none of its text"
    )


def test_notes_in_italics_at_the_end_are_left_out() -> None:
    assert text_of(article(after="<p><em>Translated from the Danish by Cy Diaz.</em></p>")) == WHOLE


def test_json_lds_text_stands_where_the_page_shows_another() -> None:
    body = (
        "\\n".join((FIRST, SECOND.replace('"', '\\"'), THIRD, LAST))
        + " More of the same was said by many others. " * 8
    )
    said = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Harbour closed",'
        f' "articleBody": "{body}"}}</script>'
    )
    shown = "<p>To read on, please choose a subscription that suits you best among those offered here.</p>"
    assert text_of(f"<article><h1>Harbour closed</h1>{shown}</article>", said).split("\n")[:3] == [
        FIRST,
        SECOND,
        THIRD,
    ]
