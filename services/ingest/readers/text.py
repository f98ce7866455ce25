"""Plain text. Every character stays in ``content``; title, address, by-line and date are only read off.

Heuristics, applied to the head of the file (its first lines that are not blank, up to the first that is none
of these):

- **title**: the first line, when it stands alone (a blank line, a head line or the end follows), has at most
  200 characters and does not end as running text does (``.``, ``,``, ``;``, ``:`` or a hyphen, closing
  quotation marks aside);
- **address**: a line that is nothing but an http(s) address, optionally after ``URL:``, ``Source:`` or
  ``Link:``;
- **date**: a line that is nothing but a date: ISO 8601, ``July 18, 2017`` or ``18 July 2017``, optionally
  after a weekday, ``Date:`` or ``Published:``. Without a time it is midnight, without a zone it is UTC;
- **by-line**: a line ``By NAME``, ``By NAME and NAME``.

An address further down is part of the text: articles name other pages. A text without a title is known by its
first words, which end in ``…`` then; what else it does not say is not guessed. Whoever has titles, dates and
outlets apart from the texts writes JSON lines.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypedDict

from services.ingest.identity import web_address
from services.ingest.readers.decoding import decode
from services.ingest.readers.items import Arrival, Limits, Offer, moment_of, offer

_TITLE_CHARS = 200
"""The longest headline of 2,000 looked at had 160 characters."""
_FIRST_WORDS_CHARS = 80
"""A line of a list; the words of a lead by which an article is known again."""
_HEAD_LINES = 8
_HEAD_CHARS = 8_192

_ADDRESS = re.compile(r"^(?:(?:url|source|link)\s*:\s*)?(https?://\S{1,2048})$", re.IGNORECASE)
_BYLINE = re.compile(r"^by\s+([^\d.:;]{2,120})$", re.IGNORECASE)
_DATE_LABEL = re.compile(
    r"^(?:(?:date|published|published on|updated)\s*:?\s+)?"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?",
    re.IGNORECASE,
)
_DATE_FORMATS = ("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y")
_ISO = re.compile(r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?\s?(?:Z|[+-]\d\d:?\d\d)?)?$")
_RUNNING = re.compile(r"[.,;:\-–—][\"'”’»)]*$")


class Head(TypedDict, total=False):
    """What a head can say."""

    title: str
    url: str
    published_at: datetime
    authors: list[str]


def read_text(arrival: Arrival, data: bytes, limits: Limits) -> Offer:
    """The article in a plain-text file.

    Raises:
        Unreadable: it is not text, empty or too large.
    """
    content = decode(data)
    head = head_of(content)
    if "title" not in head:
        head["title"] = first_words(content)
    return offer(arrival, data, limits, content=content, content_type="text/plain", **head)


def head_of(content: str) -> Head:
    """What the head of a plain text says about it, by the module's heuristics."""
    lines = [line.strip() for line in content[:_HEAD_CHARS].splitlines()]
    head = Head()
    seen = 0
    for at, line in enumerate(lines):
        if not line:
            continue
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if seen == 0 and _is_title(line, following):
            head["title"] = line
        elif not _describe(line, head):
            break
        seen += 1
        if seen == _HEAD_LINES:
            break
    return head


def first_words(content: str) -> str:
    """The first words of a text that are no head line, ended by ``…``; of a text that is all head, its first
    line."""
    lines = [line for line in map(str.strip, content[:_HEAD_CHARS].splitlines()) if line]
    body = [line for line in lines if not _describe(line, Head())] or lines
    words = " ".join(body)
    shortened = (
        words[: _FIRST_WORDS_CHARS + 1].rpartition(" ")[0] if len(words) > _FIRST_WORDS_CHARS else words
    )
    return f"{(shortened or words[:_FIRST_WORDS_CHARS]).rstrip(' .,;:')}…"


def parse_date(text: str) -> datetime | None:
    """The moment a line of nothing but a date names, None when it is not one."""
    bare = _DATE_LABEL.sub("", text.strip(), count=1)
    try:
        if _ISO.match(bare):
            return moment_of(
                datetime.fromisoformat(bare.replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
            )
    except ValueError:
        return None
    for form in _DATE_FORMATS if len(bare) < 40 else ():
        try:
            return datetime.strptime(bare, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _is_title(line: str, following: str) -> bool:
    alone = not following or _describe(following, Head())
    return alone and len(line) <= _TITLE_CHARS and not _RUNNING.search(line) and not _describe(line, Head())


def _describe(line: str, head: Head) -> bool:
    """Whether the line is a head line; if so, what it says is kept, the first of each kind."""
    address = _ADDRESS.match(line)
    if address and web_address(address.group(1)):
        head.setdefault("url", address.group(1))
        return True
    moment = parse_date(line)
    if moment:
        head.setdefault("published_at", moment)
        return True
    byline = _BYLINE.match(line)
    if byline:
        head.setdefault(
            "authors", [name.strip() for name in re.split(r",| and ", byline.group(1)) if name.strip()]
        )
        return True
    return False
