"""Why two names are taken for one, or may be one, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.ids import borne_name

_WORDS: Mapping[str, str] = {
    "spelling": "the same name, spelled or transcribed in another way",
    "order": "the same name with family and given name in the other order",
    "middle_name": "the same name with a middle name or initial more",
    "nickname": "a short form of the given name",
    "shortened": "a part of a double family name",
    "alike": "names that sound alike",
    "acronym": "the initials of the longer name",
    "registry": "a name in the registry",
    "office": "the office's holder on the article's day",
    "namesake": "the same name, but articles describe two people",
}


def in_words(reason: str) -> str:
    """A reason of a link as a phrase; one that a later release wrote, as it is."""
    return _WORDS.get(reason, reason.replace("_", " "))


def description_of(actor_id: str) -> str | None:
    """What articles say of one of several people of a name: “politics, US”; None of everybody else."""
    if borne_name(actor_id) is None:
        return None
    roles, _, places = actor_id.partition("@")[2].partition(".")
    return ", ".join([*filter(None, roles.split("+")), *filter(None, places.upper().split("+"))])
