"""An extraction as lines that people compare: everything that is published, one fact a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from schemas.events import Actor
from services.extract.cli_json import as_json
from services.extract.extract import Extraction
from services.extract.resolved import ResolvedAttribution
from services.extract.types import Range

_DIGITS = 4  # of a confidence: the same on every machine, where the last bits need not be


def rendered(extraction: Extraction) -> str:
    """What was found, readable, with a digest of every published byte but the extractor's version at its
    head."""
    text = extraction.document.text
    lines = [f"outcome {extraction.document.outcome} · language {extraction.document.language}"]
    for attribution in extraction.attributions:
        lines += _attribution(text, attribution, "")
    lines += [f"quote   {quote.text}{' (not said)' if quote.negated else ''}" for quote in extraction.quotes]
    for claim in extraction.claims:
        facts = f"{claim.kind} {claim.claim_type} worth {claim.check_worthiness:.{_DIGITS}f} {claim.stance}"
        polarity = (
            f"{', not said' if claim.negated else ''}{', a negation' if claim.proposition_negated else ''}"
        )
        lines.append(f"claim   {claim.text} ({facts}{polarity})")
    return f"digest {digest(extraction)}\n" + "\n".join(lines) + "\n"


def digest(extraction: Extraction) -> str:
    """SHA-256 of all that is published, figures rounded; ids and versions, which change with the extractor's
    version, are left out."""
    published = _plain(as_json("", extraction))
    return hashlib.sha256(json.dumps(published, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


_VERSIONED = frozenset({"quote_id", "claim_id", "document_id", "extractor"})


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if name not in _VERSIONED}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _attribution(text: str, item: ResolvedAttribution, indent: str) -> Iterator[str]:
    said = " […] ".join(text[start:end] for start, end in item.content)
    yield f"{indent}{item.kind:9}{said}"
    yield (
        f"{indent}         source {_words(text, item.source)} · cue {_words(text, item.cue)} ·"
        f" {_actor(item.actor)}"
    )
    sure = f"{item.confidence:.{_DIGITS}f}, of its source {item.source_confidence:.{_DIGITS}f}"
    told = f" · told {_actor(item.addressee)}" if item.addressee is not None else ""
    yield f"{indent}         sure {sure}{told}"
    for inner in item.nested:
        yield from _attribution(text, inner, indent + "    ")


def _actor(actor: Actor) -> str:
    return f"{actor.name} [{actor.kind}, {actor.resolution}, {actor.confidence:.{_DIGITS}f}]"


def _words(text: str, span: Range | None) -> str:
    return "–" if span is None else f"“{text[span.start : span.end]}”"
