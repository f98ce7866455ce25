"""Every rule that can be left out, by name: passes over attributions, and what tells who an actor is."""

from __future__ import annotations

from collections.abc import Collection

from services.extract.actors.evidence_table import EVIDENCE
from services.extract.passes.registry import PASSES

SECOND_READING = "second-reading"

RULES: dict[str, str] = {
    **{step.name: step.why for step in PASSES if not step.structural},
    SECOND_READING: "what a speaker says that others said is found by reading his words again",
    **EVIDENCE,
}
"""What each rule is for, by its name, in the order in which they run."""


class UnknownRule(ValueError):
    """No rule has that name; the message lists those there are."""


def checked(names: Collection[str]) -> frozenset[str]:
    """The names, once it is known that each is a rule's.

    Raises:
        UnknownRule: one is not.
    """
    unknown = sorted(set(names) - RULES.keys())
    if unknown:
        raise UnknownRule(f"no rule is named {', '.join(unknown)}; there are: {', '.join(RULES)}")
    return frozenset(names)
