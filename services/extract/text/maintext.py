"""A page's main text: what trafilatura finds once side matter is out of its way, with the summary above it,
without what repeats."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from lxml import etree
from trafilatura import bare_extraction

from services.chassis.pagehead import Head
from services.chassis.words import letters
from services.extract.text.sidematter import drop, remove_side_matter

_SUMMARY_NAMES = re.compile(
    r"lead|lede|standfirst|stand-first|dek\b|subtitle|sub-?title|subhead|preamble|intro|excerpt|summary|abstract|description|article.?desc|"
    r"vorspann|anriss|ingress|sapo|chapeau|entradilla|sommario|kicker-text",
    re.IGNORECASE,
)
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_BLOCKS = ("p", "h2", "h3", "h4", "h5", "h6", "li", "div", "span", "section", "blockquote")
_SHORTEST, _SUMMARY_MOST = 30, 1_200
"""Characters of a summary above an article."""
_LONGEST = 5_000
_SHORTEST_BODY = 600
_BREAK = re.compile(r"\n|</p>|<br\s*/?>|</h\d>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{1,500}>")
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+")
_NOTES = 3
_OFTEN = 3
_KEPT_TWICE = 40
"""Characters: a shorter line may well stand twice."""
_BY = re.compile(r"^(?:by|von|par|por|di|af|av|text|foto|photo)\b:?\s*", re.IGNORECASE)


class _Block(NamedTuple):
    tag: str
    text: str
    key: str
    name: str
    slanted: bool
    node: etree._Element


def main_text(tree: etree._Element, head: Head) -> str | None:
    """The article's text, one paragraph a line. None when nothing was found. The tree is changed."""
    summary = _said_summary(tree, head)
    remove_side_matter(tree, frozenset(map(letters, head.titles)))
    for script in [*tree.iter("script", "style")]:
        if not (script.get("type") or "").startswith("application/ld+json"):
            drop(script)
    blocks = _blocks(tree)
    found = bare_extraction(tree, include_comments=False, include_tables=False, favor_recall=True)
    if found is None:
        return None
    text = found.get("text") if isinstance(found, dict) else found.text
    lines = _tidied(_with_headings((text or "").split("\n"), blocks), head)
    lines = _without_notes(lines, blocks)
    summary = summary or _named_summary(blocks, lines)
    if summary and not _has(lines, summary):
        lines.insert(0, summary)
    return "\n".join(_with_body(lines, head))


def _with_body(lines: list[str], head: Head) -> list[str]:
    """The article's text as JSON-LD has it, where that is longer and the lines have less than half of it:
    those are something else."""
    body = [
        line for line in (" ".join(_TAG.sub(" ", line).split()) for line in _BREAK.split(head.body)) if line
    ]
    sentences = [
        letters(sentence) for line in body for sentence in _SENTENCE.split(line) if len(sentence) >= _SHORTEST
    ]
    if sum(map(len, body)) < max(_SHORTEST_BODY, 0.9 * sum(map(len, lines))):
        return lines
    if len(lines) < 3 <= len(body):
        return body  # run together, where the page shows none of it
    shared = letters(" ".join(lines))
    missing = sum(sentence not in shared for sentence in sentences)
    return body if missing > len(sentences) / 2 else lines


def _blocks(tree: etree._Element) -> list[_Block]:
    """The page's paragraphs, headings and boxes of bare text, in order."""
    found = []
    for node in tree.iter("h1", *_BLOCKS):
        if node.tag in ("div", "section", "span") and (
            node.find(".//p") is not None or node.find(".//div") is not None
        ):
            continue
        text = " ".join("".join(node.itertext()).split())
        if 0 < len(text) <= _LONGEST:
            found.append(
                _Block(
                    node.tag,
                    text,
                    letters(text),
                    f"{node.get('class') or ''} {node.get('itemprop') or ''}",
                    _is_slanted(node, text),
                    node,
                )
            )
    return found


def _is_slanted(node: etree._Element, text: str) -> bool:
    """Whether all of it is in italics."""
    slanted = "".join("".join(child.itertext()) for child in node.iter("em", "i"))
    return len(" ".join(slanted.split())) >= 0.95 * len(text)


def _with_headings(lines: list[str], blocks: list[_Block]) -> list[str]:
    """The lines, and among them the headings that were passed over though they stand above one of them and
    below another."""
    place = {letters(line.removeprefix("- ")): index for index, line in enumerate(lines) if line}
    above: dict[int, list[str]] = {}
    waiting: list[_Block] = []
    begun = False
    for block in blocks:
        if block.key in place:
            around = set(block.node.iterancestors())
            above.setdefault(place[block.key], []).extend(
                b.text for b in waiting if begun and b.node.getparent() in around
            )
            begun, waiting = True, []
        elif block.tag in _HEADINGS and len(block.text) <= _SUMMARY_MOST:
            waiting.append(block)
        elif block.tag in ("p", "li"):
            waiting = []
    return [text for index, line in enumerate(lines) for text in (*above.get(index, ()), line)]


def _without_notes(lines: list[str], blocks: list[_Block]) -> list[str]:
    """The lines without the last that are all in italics: who wrote, translated or published it first."""
    slanted = {block.key for block in blocks if block.slanted}
    end = len(lines)
    while end > max(1, len(lines) - _NOTES) and letters(lines[end - 1]) in slanted:
        end -= 1
    return lines[:end]


def _said_summary(tree: etree._Element, head: Head) -> str | None:
    """The page's element that says what its own description says: a summary that readers see."""
    wanted = [letters(summary) for summary in head.summaries if len(summary) >= _SHORTEST]
    for node in tree.iter(*_BLOCKS) if wanted else ():
        text = " ".join("".join(node.itertext()).split()) if len(node) < 12 else ""
        said = letters(text) if _SHORTEST <= len(text) <= _SUMMARY_MOST else ""
        if said and any(
            said == other or (len(other) > 60 and said.startswith(other[:-3])) for other in wanted
        ):
            return text
    return None


def _named_summary(blocks: list[_Block], lines: list[str]) -> str | None:
    """The first block that its class calls a summary, between the heading and the text."""
    first = next((letters(line) for line in lines if len(line) >= _SHORTEST), "")
    begun = False
    for block in blocks:
        begun = begun or block.tag == "h1"
        if block.key == first:
            return None
        if begun and _SUMMARY_NAMES.search(block.name) and _SHORTEST <= len(block.text) <= _SUMMARY_MOST:
            return block.text
    return None


def _has(lines: list[str], summary: str) -> bool:
    said = letters(summary)
    return said in letters(" ".join(lines)) or any(
        letters(line)[:60] == said[:60] for line in lines if len(line) > _SHORTEST
    )


def _tidied(lines: list[str], head: Head) -> list[str]:
    """The lines without the title, the by-line, and those that stand there again and again."""
    said = [letters(line) for line in lines]
    often = Counter(said)
    own = {letters(title) for title in head.titles} | {
        letters("".join(head.authors)),
        *map(letters, head.authors),
    }
    kept: list[str] = []
    seen: set[str] = set()
    for line, key in zip(lines, said, strict=True):
        repeated = len(line) >= _KEPT_TWICE and (key in seen or _holds_others(key, said))
        if (
            not key
            or key in own
            or letters(_BY.sub("", line)) in own
            or (often[key] >= _OFTEN and len(line) > 8)
            or repeated
        ):
            continue
        seen.add(key)
        kept.append(line)
    return kept


def _holds_others(key: str, said: list[str]) -> bool:
    """Whether a line is several others once more, run together."""
    return (
        len(key) > _LONGEST // 10
        and sum(len(other) >= _KEPT_TWICE and other != key and other in key for other in said) > 1
    )
