"""What the passes hand on to each other: the attributions of one text as far as they have been put right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from services.extract.lang import Language
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Entity, Range


@dataclass(slots=True)
class Draft:
    """One text and what has been read in it so far.

    ``verbatim`` are turns of a dialogue and embedded posts. They are whole: what they report in turn is their
    speaker's words, so until they join the others no pass looks into them. ``inherits`` names, for an
    attribution without a source, the number of the one whose speaker it has. Offsets are code points of
    ``text``.
    """

    text: str
    quotations: Quotations
    entities: Sequence[Entity]
    sentences: Sequence[Range]
    attributions: list[Attribution]
    verbatim: list[Attribution] = field(default_factory=list)
    inherits: dict[int, int] = field(default_factory=dict)

    starts: list[int] = field(init=False)
    """Where each sentence begins."""

    @property
    def language(self) -> Language:
        """The language of the text: what passes know of its words."""
        return self.quotations.language

    def __post_init__(self) -> None:
        self.starts = [sentence.start for sentence in self.sentences]

    def in_order(self) -> None:
        """Sort the attributions by their place in the text."""
        self.attributions.sort(key=lambda a: (a.content[0], a.cue or Range(0, 0)))

    def add(self, attributions: Iterable[Attribution]) -> None:
        """Add attributions in their places."""
        self.attributions += attributions
        self.in_order()

    def each(self, step: Callable[[Attribution], Attribution]) -> None:
        """Put every attribution right by itself."""
        self.attributions = [step(attribution) for attribution in self.attributions]

    def keep(self, wanted: Callable[[Attribution], bool]) -> None:
        """Drop the attributions that are not wanted."""
        self.attributions = [attribution for attribution in self.attributions if wanted(attribution)]
