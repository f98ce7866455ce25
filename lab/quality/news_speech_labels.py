"""Labels of reported speech on news: offsets, digests and names of actors; the texts of the pages are not
ours to copy.

Offsets count in the normalised text of a page as it was when it was labelled. That text changes with the
reader of pages, so labels are carried over: paragraphs that are as they were move as a whole, and what stood
in a changed one is looked for by its words. A paragraph that is new was never labelled; what an extractor
finds there is neither right nor wrong.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from difflib import SequenceMatcher
from pathlib import Path

from lab.quality.kinds import attribution_type
from lab.quality.news_labels import digest_words
from services.extract.types import Range

COMMITTED = Path(__file__).parents[1] / "labels" / "speech"
"""The labels of this project; there in a checkout, not in an installed package."""
OPEN, CLOSED, GUM, WORK, LOCKED = "open", "closed", "gum", "work", "locked"
"""The parts: two halves of 16 pages; articles of GUM, whose texts the project carries; and 32 pages of other
publishers, *work* to be read while rules are written and *locked* to be measured on only. Publishers are in
one part each."""
SHOWN = frozenset({OPEN, WORK, GUM})
"""The parts whose errors may be looked at."""

_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+")
_DIGITS = 16  # of a SHA-256: enough to tell the spans of one page apart


@dataclass(frozen=True, slots=True)
class Anchor:
    """A stretch of a page: its offsets when labelled, how many words it had and their digest."""

    start: int
    end: int
    words: int
    digest: str


@dataclass(frozen=True, slots=True)
class LabelledActor:
    """Who speaks: the fullest name or the description the article gives, as in the labels of PolNeAR dev."""

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """The others of joint speakers."""


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A proposition inside a content: is it worth checking, what type is it, is its main predicate
    negated."""

    place: Anchor
    worth: bool
    type: str
    negated: bool


@dataclass(frozen=True, slots=True)
class SpeechLabel:
    """One item of reported speech. ``doubtful``: readers may differ on whether it is one. ``denied``: its
    saying is denied or withheld (None: not labelled). ``kind`` is by the frozen rule. ``claims``: None where
    none were labelled."""

    source: tuple[Anchor, ...]
    cue: tuple[Anchor, ...]
    content: tuple[Anchor, ...]
    kind: str
    doubtful: bool
    actor: LabelledActor | None
    denied: bool | None = None
    claims: tuple[LabelledClaim, ...] | None = None


@dataclass(frozen=True, slots=True)
class PageLabels:
    """A labelled page. ``paragraphs``: all of the text that was read, each by its place and the digest of its
    characters."""

    page: str
    part: str
    text_sha256: str
    paragraphs: tuple[tuple[int, int, str], ...]
    labels: tuple[SpeechLabel, ...]


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A label in a page's present text."""

    label: SpeechLabel
    source: tuple[Range, ...]
    cue: tuple[Range, ...]
    content: tuple[Range, ...]


def paragraphs_of(text: str) -> tuple[tuple[int, int, str], ...]:
    """Place and digest of every paragraph."""
    return tuple((match.start(), match.end(), _digest(match.group())) for match in _PARAGRAPH.finditer(text))


def make_label(
    text: str,
    source: Sequence[Range],
    cue: Sequence[Range],
    content: Sequence[Range],
    *,
    doubtful: bool = False,
    actor: LabelledActor | None = None,
    denied: bool | None = None,
    claims: Sequence[LabelledClaim] | None = None,
) -> SpeechLabel:
    """A label for stretches of ``text``."""
    sides = [tuple(anchor(text, span) for span in spans) for spans in (source, cue, content)]
    kind = attribution_type(text, tuple(content), tuple(cue))
    return SpeechLabel(
        sides[0], sides[1], sides[2], kind, doubtful, actor, denied, None if claims is None else tuple(claims)
    )


def make_page(page: str, part: str, text: str, labels: Sequence[SpeechLabel]) -> PageLabels:
    """All labels of one page."""
    return PageLabels(
        page, part, hashlib.sha256(text.encode()).hexdigest(), paragraphs_of(text), tuple(labels)
    )


class Carrier:
    """Carries the labels of a page over to its present text."""

    def __init__(self, page: PageLabels, text: str) -> None:
        self._page, self._text = page, text
        self._now = paragraphs_of(text)
        before, after = [digest for *_, digest in page.paragraphs], [digest for *_, digest in self._now]
        self._moved: dict[int, int] = {}  # paragraphs that are as they were: index then to index now
        for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            self._moved |= {block.a + step: block.b + step for step in range(block.size)}
        self._read = set(self._moved.values())  # paragraphs of the present text that hold labelled ones
        self._starts_then = [start for start, *_ in page.paragraphs]
        self._starts_now = [start for start, *_ in self._now]
        self._words = [match.span() for match in _WORD.finditer(text)]

    def carry(self) -> tuple[list[PlacedLabel], list[SpeechLabel]]:
        """The labels that have a place in the present text, and those that have none: their words are
        gone."""
        placed, lost = [], []
        for label in self._page.labels:
            content = [self.place(anchor) for anchor in label.content]
            source, cue = (
                [self.place(anchor) for anchor in anchors] for anchors in (label.source, label.cue)
            )
            if not all(content) or not all(source):
                lost.append(label)
                continue
            placed.append(PlacedLabel(label, _known(source), _known(cue), _known(content)))
        return placed, lost

    def was_read(self, span: Range) -> bool:
        """Whether a stretch of the present text starts in a paragraph that was labelled; call after
        :meth:`carry`."""
        return self._index_now(span.start) in self._read

    def place(self, anchor: Anchor) -> Range | None:
        """Where a stretch stands in the present text; None when its words are gone."""
        then = bisect_right(self._starts_then, anchor.start) - 1
        if then in self._moved:
            shift = self._now[self._moved[then]][0] - self._page.paragraphs[then][0]
            return Range(anchor.start + shift, anchor.end + shift)
        found = self._by_words(anchor, then)
        if found is not None:
            self._read |= set(range(self._index_now(found.start), self._index_now(found.end - 1) + 1))
        return found

    def _by_words(self, anchor: Anchor, then: int) -> Range | None:
        """The nearest place of the same words between the paragraphs that did not change."""
        low = max((self._now[now][1] for index, now in self._moved.items() if index < then), default=0)
        high = min(
            (self._now[now][0] for index, now in self._moved.items() if index > then), default=len(self._text)
        )
        previous = max((index for index in self._moved if index < then), default=None)
        shift = (
            0
            if previous is None
            else self._now[self._moved[previous]][0] - self._page.paragraphs[previous][0]
        )
        places = [span for span in self._words if low <= span[0] and span[1] <= high]
        words = [self._text[start:end] for start, end in places]
        found = [
            Range(places[first][0], places[first + anchor.words - 1][1])
            for first in range(len(words) - anchor.words + 1)
            if anchor.words and digest_words(words[first : first + anchor.words])[:_DIGITS] == anchor.digest
        ]
        return min(found, key=lambda place: abs(place.start - anchor.start - shift), default=None)

    def _index_now(self, offset: int) -> int:
        return bisect_right(self._starts_now, offset) - 1


def read_pages(folder: Path) -> list[PageLabels]:
    """The labelled pages of a folder, one JSON file each, in the order of their names."""
    return [_page(path) for path in sorted(folder.glob("*.json"))]


def write_page(folder: Path, page: PageLabels) -> None:
    """Write a page where :func:`read_pages` finds it."""
    rows = [_row(label) for label in page.labels]
    head = {
        "page": page.page,
        "part": page.part,
        "text_sha256": page.text_sha256,
        "paragraphs": page.paragraphs,
    }
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    body = json.dumps(head, ensure_ascii=False)[:-1] + ', "labels": [\n' + lines + "\n]}\n"
    (folder / f"{page.page.removesuffix('.gz').removesuffix('.html')}.json").write_text(
        body, encoding="utf-8"
    )


def _row(label: SpeechLabel) -> dict[str, object]:
    roles = {
        role: [[a.start, a.end, a.words, a.digest] for a in getattr(label, role)]
        for role in ("source", "cue", "content")
    }
    row: dict[str, object] = roles | {
        "kind": label.kind,
        "doubtful": label.doubtful,
        "actor": _actor_row(label.actor),
    }
    if label.denied is not None:
        row["denied"] = label.denied
    if label.claims is not None:
        row["claims"] = [
            [*astuple(claim.place), int(claim.worth), claim.type, claim.negated] for claim in label.claims
        ]
    return row


def _actor_row(actor: LabelledActor | None) -> dict[str, object] | None:
    if actor is None:
        return None
    row = asdict(actor)
    if not actor.also:
        del row["also"]
    return row


def _page(path: Path) -> PageLabels:
    data = json.loads(path.read_text(encoding="utf-8"))
    labels = []
    for row in data["labels"]:
        source, cue, content = (
            tuple(Anchor(*anchor) for anchor in row[role]) for role in ("source", "cue", "content")
        )
        actor = row["actor"] and LabelledActor(
            row["actor"]["name"],
            row["actor"]["kind"],
            tuple(row["actor"]["aliases"]),
            tuple(row["actor"].get("also", ())),
        )
        claims = row.get("claims")
        if claims is not None:
            claims = tuple(
                LabelledClaim(Anchor(*claim[:4]), bool(claim[4]), claim[5], claim[6]) for claim in claims
            )
        labels.append(
            SpeechLabel(
                source, cue, content, row["kind"], bool(row["doubtful"]), actor, row.get("denied"), claims
            )
        )
    paragraphs = tuple((start, end, digest) for start, end, digest in data["paragraphs"])
    return PageLabels(data["page"], data["part"], data["text_sha256"], paragraphs, tuple(labels))


def anchor(text: str, span: Range) -> Anchor:
    """A stretch of a text, as it is kept."""
    words = _WORD.findall(text[span.start : span.end])
    return Anchor(span.start, span.end, len(words), digest_words(words)[:_DIGITS])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _known(places: Sequence[Range | None]) -> tuple[Range, ...]:
    return tuple(sorted(place for place in places if place is not None))
