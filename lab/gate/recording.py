"""What the network said of the gate's articles, recorded: its kernels round differently from machine to
machine, the rules do not.

One JSON line per text that was read (an article, or a passage that was read again), by the SHA-256 of the
text.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.extract.extract import AttributionTagger
from services.extract.types import Attribution, Entity, Range, Tagged

_DIGITS = 6  # of a probability or of log-odds: more than any rule looks at
_SpanKey = tuple[tuple[int, int], ...]


class NotRecorded(Exception):
    """The recording does not hold a text; the message says what to do."""


class Recorder:
    """A tagger that remembers what it answered, also which stretches it was asked about."""

    def __init__(self, tagger: AttributionTagger) -> None:
        self._tagger = tagger
        self._answers: dict[str, Tagged] = {}
        self._asked: dict[str, dict[_SpanKey, float | None]] = {}

    @property
    def model_sha256(self) -> str:
        """The network's."""
        return self._tagger.model_sha256

    def tokens(self, text: str) -> int:
        """How many word pieces the network reads."""
        return self._tagger.tokens(text)

    def __call__(self, text: str) -> Tagged:
        """The tagger's answer, its figures rounded to what is recorded."""
        key = _key(text)
        if key not in self._answers:
            self._answers[key] = _rounded(self._tagger(text))
            self._asked[key] = {}
        answer, asked = self._answers[key], self._asked[key]

        def claims(spans: Sequence[Range]) -> float | None:
            place = tuple((span.start, span.end) for span in spans)
            if place not in asked:
                value = answer.claims(spans)
                asked[place] = None if value is None else round(value, _DIGITS)
            return asked[place]

        return Tagged(answer.attributions, answer.entities, claims)

    def write(self, path: Path) -> None:
        """Write all answers."""
        head = {"model_sha256": self.model_sha256}
        rows = [_row(key, self._answers[key], self._asked[key]) for key in sorted(self._answers)]
        lines = "".join(
            json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in (head, *rows)
        )
        with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
            packed.write(lines.encode())


class Recorded:
    """A tagger that answers from a recording."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            head, *rows = [json.loads(line) for line in file]
        self.model_sha256: str = head["model_sha256"]
        self._rows: dict[str, dict[str, Any]] = {row["text"]: row for row in rows}

    def tokens(self, text: str) -> int:
        """None are read: this network only remembers."""
        return 0

    def __call__(self, text: str) -> Tagged:
        """What the network said.

        Raises:
            NotRecorded: it was never asked about this text.
        """
        row = self._rows.get(_key(text))
        if row is None:
            raise NotRecorded(
                f"the network's answer to “{text[:60]}…” is not recorded; run `make gate ACCEPT=1`"
            )
        values = {tuple((start, end) for start, end in place): value for place, value in row["claims"]}

        def claims(spans: Sequence[Range]) -> float | None:
            # a stretch that was never asked about is one that a changed rule cut anew: as if the network had
            # no opinion
            return values.get(tuple((span.start, span.end) for span in spans))

        return Tagged(
            tuple(_attribution(item) for item in row["attributions"]),
            tuple(Entity(Range(*place), label, sure) for place, label, sure in row["entities"]),
            claims,
        )


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(tagged: Tagged) -> Tagged:
    attributions = tuple(
        Attribution(
            a.kind,
            a.content,
            a.source,
            a.cue,
            round(a.confidence, _DIGITS),
            a.turn,
            round(a.source_confidence, _DIGITS),
        )
        for a in tagged.attributions
    )
    entities = tuple(Entity(e.span, e.label, round(e.confidence, _DIGITS)) for e in tagged.entities)
    return Tagged(attributions, entities, tagged.claims)


def _row(key: str, tagged: Tagged, asked: dict[_SpanKey, float | None]) -> dict[str, Any]:
    attributions = [
        [a.kind, a.content, a.source, a.cue, a.confidence, a.source_confidence] for a in tagged.attributions
    ]
    entities = [[e.span, e.label, e.confidence] for e in tagged.entities]
    return {"text": key, "attributions": attributions, "entities": entities, "claims": sorted(asked.items())}


def _attribution(item: Sequence[Any]) -> Attribution:
    kind, content, source, cue, sure, sure_of_source = item
    return Attribution(
        kind,
        tuple(Range(*piece) for piece in content),
        None if source is None else Range(*source),
        None if cue is None else Range(*cue),
        sure,
        source_confidence=sure_of_source,
    )
