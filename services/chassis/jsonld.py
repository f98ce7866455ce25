"""What a page's JSON-LD describes (schema.org): its article, as far as there is one."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pydantic_core
from lxml import etree

_BYTES = 512_000
_NODES = 2_000
"""Article pages describe tens of things; more is another kind of page or an attack."""
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>|;)\s*$")
_ARTICLES = frozenset({"BlogPosting", "LiveBlogPosting", "Report", "SocialMediaPosting"})
_LISTED = (
    "itemListElement",
    "isPartOf",
    "isRelatedTo",
    "hasPart",
    "mentions",
    "citation",
    "liveBlogUpdate",
    "comment",
)
"""Properties whose values are other things than the page's own article."""

Thing = dict[str, Any]


def things_of(tree: etree._Element) -> list[Thing]:
    """All things that a page describes, those it is about before those they are made of. What is not JSON is
    passed over."""
    found: list[Thing] = []
    for node in tree.iter("script"):
        if (
            (node.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json"
            and node.text
            and len(node.text) <= _BYTES
        ):
            found += _things(_parsed(node.text))
    return found


def article_among(things: list[Thing]) -> Thing:
    """The page's article: the first that has a headline, else the first of an article's type; empty when
    there is none."""
    articles = [thing for thing in things if is_article(thing)]
    for thing in articles:
        if "headline" in thing:
            return thing
    return articles[0] if articles else {}


def is_article(thing: Thing) -> bool:
    """Whether its type is one of schema.org's kinds of articles."""
    return any(name in _ARTICLES or name.endswith("Article") for name in types_of(thing))


def types_of(thing: Thing) -> frozenset[str]:
    """The names of a thing's types, without the vocabulary's address."""
    kinds = thing.get("@type")
    values = kinds if isinstance(kinds, list) else [kinds]
    return frozenset(value.rpartition("/")[2] for value in values if isinstance(value, str))


def text_of(value: Any) -> str | None:
    """A property's text; sites escape it for HTML though it stands in none. None when it has none."""
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, dict):
        value = value.get("@value")
    return html.unescape(value).strip() or None if isinstance(value, str) else None


def name_of(value: Any) -> str | None:
    """What somebody or something is called."""
    value = value[0] if isinstance(value, list) and value else value
    return text_of(value.get("name")) if isinstance(value, dict) else text_of(value)


def names_of(value: Any, things: list[Thing], depth: int = 0) -> Iterator[str]:
    """What the values of a property are called; one that is only referred to by its id is looked up among the
    page's things."""
    if isinstance(value, list):
        for element in value[:64] if depth < 3 else ():
            yield from names_of(element, things, depth + 1)
        return
    name = name_of(value)
    if name is None and isinstance(value, dict):
        name = text_of(value.get("byline"))
        mark = value.get("@id")
        if name is None and mark:
            name = next(
                (named for thing in things if thing.get("@id") == mark and (named := name_of(thing))), None
            )
    if name:
        yield name


def _parsed(text: str) -> Any:
    for candidate in (text, _WRAPPING.sub("", text)):
        try:
            return pydantic_core.from_json(candidate)
        except ValueError:
            continue
    try:
        # line breaks inside strings, which no other parser takes
        return json.loads(_WRAPPING.sub("", text), strict=False)
    except (ValueError, RecursionError):
        return None


def _things(data: Any) -> Iterator[Thing]:
    waiting = [data]
    for _ in range(_NODES):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, dict):
            yield value
            waiting.extend(
                child
                for name, child in value.items()
                if isinstance(child, (dict, list)) and name not in _LISTED
            )
        elif isinstance(value, list):
            waiting.extend(value[:_NODES])
