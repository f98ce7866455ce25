"""An attribution with its actor: what quotes and claims are made of."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.events import Actor
from services.extract.types import Range


@dataclass(frozen=True, slots=True)
class ResolvedAttribution:
    """Words attributed to an actor. ``quoted`` are the parts of ``content`` inside quotation marks, without the marks;
    ``addressee`` is to whom they were said, where the text says so."""

    kind: str
    content: tuple[Range, ...]
    quoted: tuple[Range, ...]
    source: Range | None
    cue: Range | None
    actor: Actor
    confidence: float
    addressee: Actor | None = None
