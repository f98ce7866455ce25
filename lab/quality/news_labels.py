"""Labels of check-worthiness on news: where each sentence stands, by offsets and a digest of its words; the
texts are not ours to copy.

Offsets count in the file of GUM and PolNeAR, and in the normalised text of a page. A page's normalised text
changes with its reader, so a sentence is looked for by its words when it does not stand where it stood.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.extract.types import Range

SOURCES = ("gum", "polnear", "polnear-train", "pages")
"""``polnear`` is its held-out part."""
COMMITTED = Path(__file__).parents[1] / "labels" / "checkworthiness" / "labels.jsonl"
PROPOSITIONS = COMMITTED.with_name("propositions.jsonl")
"""Statements of GUM news and of PolNeAR's training part with type and worth by the guidelines: fitted to."""
NEWS_LABELS = Path(__file__).parents[1] / "labels" / "checkworthiness" / "training.jsonl"
"""Labels that training fits to: statements in articles of PolNeAR's training part."""
"""The labels of this project; there in a checkout, not in an installed package."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled sentence. ``words`` is how many there are, ``sha256`` digests them in lower case, one space
    between them; ``kind`` is the claim type, where that was labelled too."""

    source: str
    file: str
    spans: tuple[Range, ...]
    words: int
    sha256: str
    worthy: bool
    kind: str | None = None


def digest_words(words: Sequence[str]) -> str:
    """Independent of white space, marks and case, so that a page's sentence survives another reader."""
    return hashlib.sha256(" ".join(words).lower().encode()).hexdigest()


def make_label(
    source: str, file: str, text: str, spans: Sequence[Range], worthy: bool, kind: str | None = None
) -> Label:
    """A label for a stretch of text."""
    words = _words(text, spans)
    return Label(source, file, tuple(spans), len(words), digest_words(words), worthy, kind)


def locate(label: Label, text: str) -> tuple[Range, ...] | None:
    """Where the sentence stands in ``text``: at its offsets, else wherever its words stand in one run; None
    when nowhere."""
    if label.spans[-1].end <= len(text) and digest_words(_words(text, label.spans)) == label.sha256:
        return label.spans
    places = [match.span() for match in _WORD.finditer(text)]
    words = [text[start:end] for start, end in places]
    for first in range(len(words) - label.words + 1):
        if digest_words(words[first : first + label.words]) == label.sha256:
            return (Range(places[first][0], places[first + label.words - 1][1]),)
    return None


def read_labels(path: Path) -> list[Label]:
    """The labels of a file, one JSON object per line."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [
        Label(
            r["source"],
            r["file"],
            tuple(Range(*span) for span in r["spans"]),
            r["words"],
            r["sha256"],
            bool(r["worthy"]),
            r.get("type"),
        )
        for r in rows
    ]


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    """The inverse of :func:`read_labels`."""
    rows = (
        {
            "source": label.source,
            "file": label.file,
            "spans": [list(span) for span in label.spans],
            "words": label.words,
            "sha256": label.sha256,
            "worthy": int(label.worthy),
        }
        | ({"type": label.kind} if label.kind is not None else {})
        for label in labels
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _words(text: str, spans: Sequence[Range]) -> list[str]:
    return [word for start, end in spans for word in _WORD.findall(text[start:end])]
