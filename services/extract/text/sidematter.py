"""What stands in a page beside its article: boxes of other articles, captions, forms, notices. It is taken
out of the tree.

Known by element (``aside``, ``figcaption``, …) and by the words of ``class`` and ``id``, which sites choose
alike. Nothing goes that holds the page's heading or much of its text: a site may call the whole of an article
by one of these words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lxml import etree

from services.chassis.words import letters

_ELEMENTS = frozenset(
    (
        "aside",
        "figcaption",
        "nav",
        "form",
        "footer",
        "button",
        "dialog",
        "template",
        "noscript",
        "select",
        "iframe",
    )
)
_NAMED = frozenset(
    (
        "div",
        "section",
        "p",
        "ul",
        "ol",
        "li",
        "figure",
        "span",
        "a",
        "article",
        "header",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
    )
)
_WORDS = frozenset((
    "related", "recommended", "recommendation", "recommendations", "teaser", "teasers", "promo", "promos", "preview", "mostread",
    "readmore",
    "newsletter", "newsletters", "signup", "subscribe", "donate", "donation", "poll", "quiz", "survey",
    "caption", "captions", "figcaption", "copyright", "credit", "credits", "photographer",
    "advert", "advertisement", "advertising", "sponsored", "sponsor", "outbrain", "taboola", "affiliate",
    "comments", "disqus", "share", "sharing", "breadcrumb", "breadcrumbs", "toolbar", "consent", "cookie", "cookies", "popup", "modal",
    "disclaimer", "factbox", "infobox", "faktaboks", "byline", "bio", "tags", "placeholder", "infokasten", "trending",
))  # fmt: skip
"""Words of a class or id that name side matter wherever they stand in it."""
_PHRASES = tuple(
    re.compile(rf"\b{phrase}\b")
    for phrase in (
        "most (?:read|viewed|popular)", "read (?:more|also|next)", "more (?:link|links|stories|news|on|from|about)", "see also",
        "sign up",
        "also like", "follow us", "(?:image|img|photo|picture) (?:description|info|text|source)",
        "img desc", "author (?:box|bio|card|info)",
        "about (?:the )?author", "(?:article|post|story|news) (?:card|preview|teaser)s?", "video (?:heading|title|info|caption)", "up next",
        "ai (?:\\w+ )?summary", "more to subject", "moretosubject", "no access", "audio player", "live (?:banner|teaser)", "link banner",
        "side bar", "cta",
    )
)  # fmt: skip
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_MOST = 0.3
"""Of the page's running text: what holds more is the article, whatever it is called."""
_PICTURES = re.compile(r"image|img|bild|photo|foto|picture|media|video|gallery", re.IGNORECASE)
_BOXES = frozenset(("div", "figure", "section"))
_BLOCKS = frozenset(("div", "p", "h2", "h3", "h4", "h5", "section", "article", "figure"))
_LINES = frozenset(("p", "h2", "h3", "h4", "h5", "h6"))
_CAPTION = 400
_SHORTEST_LINK = 20
"""Characters."""
_ALL = 0.95
_LABEL_ENDS = (":", "|", "»", ">", "→", "–")
_SURE = frozenset((*_ELEMENTS, "pointer"))
"""Why each goes by itself, however many there are: pages of short articles have more text in cards than in
the article."""
_RUNNING = 30
"""Characters."""


def remove_side_matter(tree: etree._Element, titles: frozenset[str]) -> None:
    """Take out of a page what is not its article. ``titles``: what the page calls itself, by letters."""
    held = _text_held(tree)
    most = _MOST * held.get(tree, 0)
    doomed = {
        node: why
        for node in tree.iter(*_ELEMENTS, *_NAMED)
        if (why := _why(node)) and not _has_title(node, titles)
    }
    # a site may give each of its paragraphs a name that elsewhere is a box's
    together: dict[str, int] = {}
    for node, why in doomed.items():
        if not any(doomed.get(holder) == why for holder in node.iterancestors()):
            together[why] = together.get(why, 0) + held.get(node, 0)
    for node, why in doomed.items():
        if (held.get(node, 0) if why in _SURE else together[why]) <= most:
            drop(node)


def drop(node: etree._Element) -> None:
    """Take an element out and leave the text that follows it."""
    parent = node.getparent()
    if parent is None:
        return
    if node.tail:
        before = node.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + " " + node.tail
        else:
            parent.text = (parent.text or "") + " " + node.tail
    parent.remove(node)


def _text_held(tree: etree._Element) -> dict[etree._Element, int]:
    """How many characters of running text each element holds: stretches long enough to be a sentence's,
    whatever element they are in."""
    held: dict[etree._Element, int] = {}
    for node in reversed(list(tree.iter())):  # an element comes after all that it holds
        parent = node.getparent()
        own = (
            0
            if node.tag in ("script", "style", etree.Comment, etree.PI)
            else held.get(node, 0) + _running(node.text)
        )
        held[node] = own
        if parent is not None:
            held[parent] = held.get(parent, 0) + own + _running(node.tail)
    return held


def _running(text: str | None) -> int:
    length = len(text.strip()) if text else 0
    return length if length >= _RUNNING else 0


def _why(node: etree._Element) -> str:
    """Why an element is side matter: a kind, or the word that names it; empty when it is none."""
    if node.tag in _ELEMENTS:
        return str(node.tag)
    name = node.get("class") or ""
    word = _named(name) or _named(node.get("id") or "")
    if word:
        return word
    if _is_picture(node, name):
        return "picture"
    return "pointer" if _is_pointer(node) else ""


def _is_picture(node: etree._Element, name: str) -> bool:
    """A box with a picture and a few words about it."""
    if (
        node.tag not in _BOXES
        or not _PICTURES.search(name)
        or (node.find(".//img") is None and node.find(".//picture") is None)
    ):
        return False
    return len(_text(node)) <= _CAPTION


def _is_pointer(node: etree._Element) -> bool:
    """A card, which is a link around a box; or a paragraph or heading that is all a link, but for a label
    (``More: …``) before it."""
    if node.tag == "a":
        # an anchor that nobody closed holds all that follows it
        return bool(node.get("href")) and any(child.tag in _BLOCKS for child in node.iterdescendants())
    if node.tag not in _LINES or node.find(".//a") is None:
        return False
    links = [link for link in node.iter("a") if not (link.get("href") or "#").startswith("#")]
    whole, linked = _text(node), sum(len(_text(link)) for link in links)
    label = whole[: len(whole) - linked].rstrip()
    return linked >= _SHORTEST_LINK and (
        linked >= _ALL * len(whole) or (len(links) == 1 and label.endswith(_LABEL_ENDS))
    )


def _text(node: etree._Element) -> str:
    return " ".join("".join(node.itertext()).split())


def _has_title(node: etree._Element, titles: frozenset[str]) -> bool:
    return any(letters("".join(part.itertext())) in titles for part in (node, *node.iter("h1")))


@lru_cache(maxsize=4096)
def _named(name: str) -> str:
    """The word or phrase in a class or id that names side matter; empty when there is none."""
    words: list[str] = [word.lower() for word in _TOKEN.findall(name[:400])]
    for word in words:
        if word in _WORDS:
            return word
    for phrase in _PHRASES if words else ():
        match = phrase.search(" ".join(words))
        if match:
            return str(match.group())
    return ""
