"""IPTC NewsML-G2: one news item, or a message of several. Each is read as the ninjs item that says the same
(:mod:`services.ingest.readers.ninjs`): status, version, embargo and identity mean what they mean there.

Text stands inline: as XHTML or NITF in ``inlineXML``, or plain in ``inlineData``. Content that only lies
elsewhere is not fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Any

from lxml import etree

from services.ingest.readers.items import Arrival, Item, Limits, Refusal, Unreadable
from services.ingest.readers.ninjs import WITHOUT_END, from_ninjs

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    "abstract", "block", "body.content", "body.end", "body.head", "bq", "byline", "byttl", "credit", "dateline", "datasource",
    "distributor", "fn", "hedline", "hl1", "hl2", "media", "media-caption", "media-producer", "note", "rights", "series", "tagline",
})  # fmt: skip
"""Elements of XHTML, and of NITF, before and behind which a paragraph ends."""
_HIDDEN = frozenset(("head", "script", "style", "template"))


def read_newsml(arrival: Arrival, data: bytes, limits: Limits) -> Iterator[Item]:
    """The items of a document.

    Raises:
        Unreadable: it is no NewsML-G2.
    """
    if b"<!ENTITY" in data:
        raise Unreadable("not_xml", "defines XML entities, which no news item needs")
    safe = {"resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False}
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, **safe)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(
            "not_xml", f"is not well-formed XML ({error}); only NewsML-G2 is read from .xml"
        ) from error
    items = [node for node in root.iter() if _name(node) == "newsItem"]
    if not items:
        raise Unreadable("not_xml", f"is {_name(root)}, and holds no newsItem of NewsML-G2", "validate")
    for number, node in enumerate(items, start=1):
        one = len(items) == 1
        place = arrival if one else arrival.part(f"item {number}")
        original = data if one else etree.tostring(node, encoding="utf-8", with_tail=False)
        try:
            read: Item = from_ninjs(place, _as_ninjs(node), original, limits)
        except Unreadable as error:
            read = Refusal(place, error.reason, error.message, original, stage=error.stage)
        yield read if one else replace(read, reencoded=True)  # type: ignore[arg-type]


def _as_ninjs(item: etree._Element) -> dict[str, Any]:
    meta, content = _child(item, "itemMeta"), _child(item, "contentMeta")
    kind = _code(_child(meta, "itemClass"))
    languages = [node.get("tag") for node in _children(content, "language") if node.get("tag")]
    headlines = sorted(_children(content, "headline"), key=lambda node: _code_of(node.get("role")) != "main")
    sources = [*_children(content, "infoSource"), *_children(meta, "provider")]
    return {
        "uri": item.get("guid", ""),
        "version": item.get("version"),
        "type": kind,
        "pubStatus": _code(_child(meta, "pubStatus")) or "usable",
        "firstCreated": _text(_child(meta, "firstCreated")),
        "versionCreated": _text(_child(meta, "versionCreated")),
        "contentCreated": _text(_child(content, "contentCreated")),
        "embargoedUntil": _embargo(_child(meta, "embargoed")),
        "language": languages[0] if languages else item.get(_LANGUAGE),
        "headlines": [{"value": _text(node)} for node in headlines if _text(node)],
        "by": _text(_child(content, "by")),
        "infoSources": [
            {"rel": "source", "name": name} for node in sources if (name := _text(_child(node, "name")))
        ],
        "bodies": [
            body
            for node in _children(_child(item, "contentSet"), "inlineXML", "inlineData")
            if (body := _body(node))
        ],
    }


def _embargo(node: etree._Element | None) -> datetime | str | None:
    """When an embargo ends; an empty element is one whose end is not known yet."""
    return None if node is None else _text(node) or WITHOUT_END


def _body(node: etree._Element) -> dict[str, str] | None:
    if _name(node) == "inlineData":
        text = "".join(node.itertext())
        kind = "text/html" if "html" in (node.get("contenttype") or "") else "text/plain"
        return {"contentType": kind, "value": text} if text.strip() else None
    value = "".join(f"<p>{escape(words)}</p>" for words in _paragraphs(node))
    return {"contentType": "text/html", "value": value} if value else None


def _paragraphs(root: etree._Element) -> list[str]:
    """All words in the markup, parted where blocks begin and end: beside paragraphs too, and where there are
    none."""
    ends = "\0"  # never in XML
    pieces: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, node in walk:
        name = _name(node)
        between = ends if name in _BLOCKS else " " if name == "br" else ""
        if event == "end":
            pieces += between, (node.tail or "") if node is not root else ""
        elif name in _HIDDEN:
            walk.skip_subtree()
        else:
            pieces += between, node.text or ""
    return [words for part in "".join(pieces).split(ends) if (words := " ".join(part.split()))]


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _children(node: etree._Element | None, *names: str) -> list[etree._Element]:
    return [child for child in node if _name(child) in names] if node is not None else []


def _child(node: etree._Element | None, name: str) -> etree._Element | None:
    return next(iter(_children(node, name)), None)


def _text(node: etree._Element | None) -> str | None:
    return " ".join("".join(node.itertext()).split()) or None if node is not None else None


def _code(node: etree._Element | None) -> str | None:
    """The code that a node refers to by ``qcode``, or by the end of its ``uri``."""
    return _code_of(node.get("qcode") or node.get("uri")) if node is not None else None


def _code_of(reference: str | None) -> str | None:
    return reference.rpartition(":")[2].rpartition("/")[2] if reference else None
