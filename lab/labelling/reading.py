"""What a reader writes down of a page (lab/labels/GUIDELINES.md), with places found for its words.

A reader names a stretch by its words and by which of their occurrences is meant, ``{"t": words, "n":
which}``: nobody counts characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.extract.types import Range

KINDS = ("person", "organization", "group", "document", "unnamed")
TYPES = ("quantity", "causal", "rule", "prediction", "action", "event", "state", "opinion")


@dataclass(frozen=True, slots=True)
class ReadClaim:
    """A proposition inside a content: is it worth checking, what type is it, is its main predicate
    negated."""

    place: Range
    worth: bool
    type: str
    negated: bool


@dataclass(frozen=True, slots=True)
class ReadAttribution:
    """One attribution as a reader saw it. ``actor`` is the row as written: name, kind, aliases, also."""

    source: Range | None
    cue: Range | None
    content: tuple[Range, ...]
    doubtful: bool
    denied: bool
    actor: dict[str, Any] | None
    claims: tuple[ReadClaim, ...]


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page, its text and what a reader found in it."""

    name: str
    text: str
    attributions: tuple[ReadAttribution, ...]


class LabelsBroken(Exception):
    """A file that does not keep the guidelines' form; the message lists every fault."""


def read_folder(folder: Path, texts: Path) -> list[ReadPage]:
    """All pages of a folder, by name. ``texts`` holds the pages' texts, ``NAME.txt``.

    Raises:
        LabelsBroken: words that are not on the page, a claim outside its content, an unknown kind or type.
    """
    pages: list[ReadPage] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.json")):
        text = (texts / f"{path.stem}.txt").read_text(encoding="utf-8")
        rows = json.loads(path.read_text(encoding="utf-8"))["attributions"]
        faults += [
            f"{path.name}: {fault}" for number, row in enumerate(rows) for fault in _faults(text, number, row)
        ]
        if not faults:
            pages.append(ReadPage(path.stem, text, tuple(_attribution(text, row) for row in rows)))
    if faults:
        raise LabelsBroken("\n".join(faults))
    return pages


def place(text: str, words: dict[str, Any]) -> Range | None:
    """Where the words stand; None where they do not."""
    start = -1
    for _ in range(int(words.get("n", 1))):
        start = text.find(words["t"], start + 1)
        if start < 0:
            return None
    return Range(start, start + len(words["t"])) if words["t"] else None


def _faults(text: str, number: int, row: dict[str, Any]) -> Iterator[str]:
    stretches = [*row["content"], *(row[role] for role in ("source", "cue") if row[role] is not None)]
    for words in stretches:
        if place(text, words) is None:
            yield (
                f"attribution {number}: not on the page: {words['t'][:60]!r}, occurrence {words.get('n', 1)}"
            )
    if not row["content"] or any("\n" in words["t"] for words in row["content"]):
        yield f"attribution {number}: no content, or a piece of it crosses a line"
    if row["actor"] is not None and row["actor"]["kind"] not in KINDS:
        yield (
            f"attribution {number}: an actor's kind is one of {', '.join(KINDS)}, not"
            f" {row['actor']['kind']!r}"
        )
    content = [place(text, words) for words in row["content"]]
    for claim in row["claims"]:
        there = place(text, claim["text"])
        if there is None or not any(
            piece and piece.start <= there.start and there.end <= piece.end for piece in content
        ):
            yield (
                f"attribution {number}: a claim stands in no piece of the content:"
                f" {claim['text']['t'][:60]!r}"
            )
        if claim["type"] not in TYPES or claim["worth"] not in (0, 1):
            yield f"attribution {number}: a claim's type is one of {', '.join(TYPES)}, its worth 0 or 1"


def _attribution(text: str, row: dict[str, Any]) -> ReadAttribution:
    def there(words: dict[str, Any] | None) -> Range | None:
        return None if words is None else place(text, words)

    claims = tuple(
        ReadClaim(found, bool(claim["worth"]), claim["type"], bool(claim["negated"]))
        for claim in row["claims"]
        if (found := place(text, claim["text"])) is not None
    )
    content = sorted(found for words in row["content"] if (found := place(text, words)) is not None)
    return ReadAttribution(
        there(row["source"]),
        there(row["cue"]),
        tuple(content),
        row["doubtful"],
        row["denied"],
        row["actor"],
        claims,
    )
