"""Error listings as HTML pages: an index by kind of error and subset, one page per article with gold and
found spans in its text.

The pages need no script: every error is a link target, and links lead from the index to it, from it to its
place in the text, and on to the next. They hold the corpus's text, so they are never written where the
project could commit them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from lab.quality.errors import KINDS, Error
from lab.quality.kinds import TYPES
from lab.quality.polnear import GoldArticle
from lab.quality.scoring import ROLES, Item
from services.extract.types import Attribution, Range

_PROJECT = Path(__file__).parents[2]
_EXCERPT = 160  # characters of content in a list: about a line and a half
_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#c9ced6, #4a515c); --ink: light-dark(#1b1f24, #e8eaed);
  --paper: light-dark(#fff, #16191d); --quiet: light-dark(#57606a, #a4acb6); --link: light-dark(#0b57d0, #8ab4f8);
  --source: light-dark(#d5e7ff, #123a66); --cue: light-dark(#ffe8b8, #5a4300); --content: light-dark(#d8f3dc, #14492a);
  --gold-source: light-dark(#0b57d0, #8ab4f8); --gold-cue: light-dark(#8a5a00, #f2b84b); --gold-content: light-dark(#146c2e, #6dd58c); }
body { font: 16px/1.7 system-ui, sans-serif; margin: 0 auto; max-width: 92rem; padding: 1rem 1.5rem; color: var(--ink);
  background: var(--paper); }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: 1.25rem; list-style: none; padding: 0; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: .35rem .7rem; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.page { display: grid; gap: 2.5rem; } @media (min-width: 70rem) { .page { grid-template-columns: 3fr 2fr; } }
.text { line-height: 2.3; overflow-wrap: anywhere; } .text p { white-space: pre-wrap; margin: 0 0 1.2rem; }
.f-source { background: var(--source); } .f-cue { background: var(--cue); } .f-content { background: var(--content); }
.g-content { border-bottom: 3px solid var(--gold-content); } .g-source { border-bottom: 3px double var(--gold-source); }
.g-cue { border-bottom: 3px dotted var(--gold-cue); }
.error { border-top: 1px solid var(--line); padding: .3rem 0; scroll-margin-top: 1rem; }
.error:target, sup:target { outline: 3px solid var(--link); }
h1 { line-height: 1.25; overflow-wrap: anywhere; } .error table { table-layout: fixed; width: 100%; }
.error tr > :first-child { width: 4.5rem; }
.error h3 { font-size: 1rem; margin: .5rem 0; } .error td { overflow-wrap: anywhere; } .quiet { color: var(--quiet); }
"""


class Listed(NamedTuple):
    """An article with its errors and what was found in it."""

    article: GoldArticle
    found: Sequence[Attribution]
    errors: Sequence[Error]


class FolderRefused(Exception):
    """The pages may not be written there; the message says why and what to pass instead."""


def check_folder(folder: Path) -> None:
    """Refuse a folder whose files this project, or any git repository, could commit.

    Raises:
        FolderRefused: it lies in a working tree and is not ignored there.
    """
    folder = folder.absolute()
    standing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    try:
        inside = subprocess.run(
            ["git", "-C", standing, "rev-parse", "--is-inside-work-tree"],
            capture_output=True,
            text=True,
            check=False,
        )
        in_tree = inside.stdout.strip() == "true"
        # -q is 0 for an ignored path; the trailing slash lets patterns for folders match one that does not
        # exist yet
        ignored = (
            in_tree
            and subprocess.run(
                ["git", "-C", standing, "check-ignore", "-q", f"{folder}/"], check=False
            ).returncode
            == 0
        )
    except FileNotFoundError:  # no git: what can be told is whether it is this project's folder
        in_tree, ignored = folder.resolve().is_relative_to(_PROJECT), False
    if in_tree and not ignored:
        raise FolderRefused(
            f"{folder} lies in a git repository; the pages hold corpus text: pass a folder outside it, or an"
            " ignored one"
        )


def write_pages(folder: Path, title: str, listed: Sequence[Listed]) -> int:
    """Write the index, a list per kind of error and a page per article that has errors; the number of errors.

    Raises:
        FolderRefused: see :func:`check_folder`.
    """
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    listed = [item for item in listed if item.errors]
    for number in range(len(listed)):
        (folder / _file(number)).write_text(article_page(title, listed, number), encoding="utf-8")
    for kind in KINDS:
        (folder / _kind_file(kind)).write_text(_kind_page(title, kind, listed), encoding="utf-8")
    (folder / "index.html").write_text(_index(title, listed), encoding="utf-8")
    return sum(len(item.errors) for item in listed)


def article_page(title: str, listed: Sequence[Listed], number: int) -> str:
    """The page of one article: its marked text, and every error with what was annotated beside what was
    found."""
    article, found, errors = listed[number]
    links = ['<a href="index.html" accesskey="i">Index</a>']
    if number:
        links.append(f'<a href="{_file(number - 1)}" rel="prev" accesskey="p">← Previous article</a>')
    if number + 1 < len(listed):
        links.append(f'<a href="{_file(number + 1)}" rel="next" accesskey="n">Next article →</a>')
    links.append('<a href="#e1" accesskey="e">First error</a>')
    shown = "\n".join(_error(article.text, errors, place) for place in range(len(errors)))
    legend = " · ".join(f'<span class="g-{role}">{role}</span>' for role in ROLES) + " annotated, " + " · ".join(
        f'<span class="f-{role}">{role}</span>' for role in ROLES
    )  # fmt: skip
    body = f"""{_links(links)}
<h1>{escape(article.name)}</h1>
<p>{legend} found. {len(article.attributions)} annotated, {len(found)} found, {len(errors)} with an error.</p>
<div class="page"><main class="text">{marked(article, found, errors)}</main>
<section aria-label="Errors"><h2>Errors</h2>
{shown}</section></div>"""
    return _page(f"{article.name} · {title}", body)


def marked(article: GoldArticle, found: Sequence[Attribution], errors: Sequence[Error]) -> str:
    """The text in paragraphs; annotated spans are underlined, found ones tinted, and each error is numbered
    where its content begins.

    The text without tags and numbers is the article's text, character by character.
    """
    layers: list[tuple[Range, str]] = []
    for gold in article.attributions:
        for role, spans in zip(ROLES, (gold.source, gold.cue, gold.content), strict=True):
            layers += [(span, f"g-{role}") for span in spans]
    for item in found:
        for role, span_or_none in (("source", item.source), ("cue", item.cue)):
            layers += [(span_or_none, f"f-{role}")] if span_or_none is not None else []
        layers += [(span, "f-content") for span in item.content]
    numbers: dict[int, list[int]] = {}
    for place, error in enumerate(errors, 1):
        numbers.setdefault(error.start, []).append(place)
    opening: dict[int, list[str]] = {}
    closing: dict[int, list[str]] = {}
    for span, name in layers:
        opening.setdefault(span.start, []).append(name)
        closing.setdefault(span.end, []).append(name)
    cuts = sorted({0, len(article.text), *opening, *closing, *numbers})
    active: list[str] = []
    parts: list[str] = []
    for start, end in zip(cuts, [*cuts[1:], len(article.text)], strict=True):
        for name in closing.get(start, ()):
            active.remove(name)
        active += opening.get(start, ())
        parts += [
            f'<sup id="t{place}"><a href="#e{place}">{place}</a></sup>' for place in numbers.get(start, ())
        ]
        words = escape(article.text[start:end])
        if words:
            parts.append(f'<span class="{" ".join(sorted(set(active)))}">{words}</span>' if active else words)
    return f"<p>{''.join(parts)}</p>"


def _error(text: str, errors: Sequence[Error], place: int) -> str:
    error = errors[place]
    number = place + 1
    links = [f'<a href="#t{number}">in the text</a>']
    if place:
        links.append(f'<a href="#e{place}">← previous</a>')
    if number < len(errors):
        links.append(f'<a href="#e{number + 1}">next →</a>')
    rows = "".join(
        "<tr><th"
        f' scope="row">{role}</th><td>{_words(text, error.gold, role)}</td><td>{_words(text, error.found, role)}</td></tr>'
        for role in ROLES
    )
    said = [escape(", ".join(error.kinds)), escape(error.subset), escape(error.detail)]
    sure = (
        "" if error.confidence is None else f' <span class="quiet">confidence {error.confidence:.2f}</span>'
    )
    return f"""<section class="error" id="e{number}" tabindex="-1"><h3>{number} · {" · ".join(filter(None, said))}{sure}</h3>
<table><tr><td></td><th scope="col">annotated</th><th scope="col">found</th></tr>{rows}</table><p>{" · ".join(links)}</p></section>"""


def _words(text: str, item: Item | None, role: str) -> str:
    if item is None:
        return '<span class="quiet">nothing</span>'
    return (
        " … ".join(escape(text[span.start : span.end]) for span in item.ranges[role])
        or '<span class="quiet">none</span>'
    )


def _index(title: str, listed: Sequence[Listed]) -> str:
    counts = {(kind, subset): 0 for kind in KINDS for subset in TYPES}
    for error in (error for item in listed for error in item.errors):
        for kind in error.kinds:
            counts[kind, error.subset] += 1
    heads = "".join(f'<th scope="col">{escape(subset)}</th>' for subset in TYPES)
    rows = "".join(
        f'<tr><th scope="row"><a href="{_kind_file(kind)}">{kind}</a></th>'
        + "".join(
            f'<td class="n"><a href="{_kind_file(kind)}#s{at}">{counts[kind, subset]}</a></td>'
            for at, subset in enumerate(TYPES)
        )
        + "</tr>"
        for kind in KINDS
    )
    articles = "".join(
        f'<li><a href="{_file(number)}">{escape(item.article.name)}</a> <span'
        f' class="quiet">{len(item.errors)}</span></li>'
        for number, item in enumerate(listed)
    )
    body = f"""<h1>{escape(title)}</h1><p>An item can have several errors. Nothing here may be published: it is the corpus's text.</p>
<table><tr><td></td>{heads}</tr>{rows}</table><h2>Articles</h2><ol>{articles}</ol>"""
    return _page(title, body)


def _kind_page(title: str, kind: str, listed: Sequence[Listed]) -> str:
    sections = []
    for at, subset in enumerate(TYPES):
        items = "".join(
            _excerpt(item, number, place) for number, item, place in _errors_of(listed, kind, subset)
        )
        sections.append(f'<h2 id="s{at}">{escape(subset)}</h2><ul>{items}</ul>')
    return _page(
        f"{kind} · {title}",
        _links(['<a href="index.html" accesskey="i">Index</a>']) + f"<h1>{kind}</h1>" + "".join(sections),
    )


def _errors_of(listed: Sequence[Listed], kind: str, subset: str) -> Iterable[tuple[int, Listed, int]]:
    for number, item in enumerate(listed):
        for place, error in enumerate(item.errors):
            if kind in error.kinds and error.subset == subset:
                yield number, item, place


def _excerpt(item: Listed, number: int, place: int) -> str:
    error = item.errors[place]
    spans = [
        span for side in (error.gold or error.found,) if side is not None for span in side.ranges["content"]
    ]
    words = " … ".join(item.article.text[span.start : span.end] for span in spans)
    words = words if len(words) <= _EXCERPT else f"{words[:_EXCERPT]}…"
    return f'<li><a href="{_file(number)}#e{place + 1}">{escape(words)}</a></li>'


def _file(number: int) -> str:
    return f"article-{number + 1:03}.html"


def _kind_file(kind: str) -> str:
    return f"kind-{kind.replace(' ', '-')}.html"


def _links(links: Sequence[str]) -> str:
    return f'<nav aria-label="Pages"><ul>{"".join(f"<li>{link}</li>" for link in links)}</ul></nav>'


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
{body}
</body></html>
"""
