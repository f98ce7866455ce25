"""What an article says of somebody whom it names: what he or she is, and of which country. It tells people of
one name apart.

Read beside the name in the article's text: what stands before it (*Texas senator Ann Smith*), in apposition
(*Ann Smith, a baker in Lyon,*) and after *of*, *from* or *in*. Roles are few classes and places are
countries, so that descriptions of one person agree; the words are in ``roles.json`` and ``places.json``. A
description is an id of its own: ``politics.us``, ``law+politics.``, ``.fr``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice
from math import exp, log
from typing import Any

from schemas.ids import bearer_id, name_key
from services.aggregate.identity.decisions import NONE, Rulings
from services.aggregate.identity.linking import BAR, is_common
from services.aggregate.identity.names import read

_SAME_NAME, _COMMON_NAME = 0.98, 0.85
"""That two articles' people of one full name are one, before anything is said of them; of a name that many
bear. Stated, not fitted: of the 400 or so names that labelled articles share none is borne by two, and
invented pairs cannot tell how often it happens."""
_SAME_ROLE, _OTHER_ROLE, _PRIVATE_ROLE = 2.0, -2.5, -4.0
_SAME_PLACE, _OTHER_PLACE, _OTHER_PLACE_OF_OFFICE, _OTHER_PLACE_ONLY = 1.5, -2.5, -4.0, -0.9
"""What evidence adds to the log-odds: of one class; of two that seldom go together, and where one of them
holds no office at all; of one country; of two, of two for an office that a country gives, and of two where
not both are described otherwise."""
EVEN = 0.5
"""Least probability of two people told apart to be shown as perhaps one."""
_OCCURRENCES = 6  # of a name in an article: what it is is said at the first ones
_BEFORE, _AFTER = 6, 12  # words
_WORD = re.compile(r"[^\W_]+(?:[-.’'][^\W_]+)*\.?")
_CLAUSE_END = re.compile(r"[,;:!?()\[\]“”\"\n]|(?<=[a-z]{5})\.(?=\s|$)")  # not at “Prof.”
_APPOSED = re.compile(r"\s*(?:,|\(|[–—-]\s)\s*")
_DIRECT = re.compile(r"\s+(?=(?:of|from|in)\s)")
_PREPOSITIONS = frozenset(("of", "for", "to", "at", "in", "with", "from", "by", "near", "on", "who", "and"))
_OPENERS = frozenset((
    "who", "which", "whose", "and", "but", "or", "said", "says", "told", "adding", "speaking", "when", "while", "as", "in", "on",
))  # fmt: skip
_LONGEST = 3  # words of a phrase in the lists


@dataclass(frozen=True, slots=True)
class Description:
    """Classes of roles, and countries (ISO 3166, lower case)."""

    roles: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{'+'.join(sorted(self.roles))}.{'+'.join(sorted(self.places))}"

    @property
    def telling(self) -> int:
        """How many sides of somebody it tells: 0 to 2."""
        return bool(self.roles) + bool(self.places)


@dataclass(frozen=True, slots=True)
class _Words:
    roles: Mapping[str, str]
    places: Mapping[str, str]
    related: frozenset[frozenset[str]]
    tied: frozenset[str]
    joining: tuple[str, ...]


def described(name: str, text: str, outlet: str | None) -> str | None:
    """The description of somebody called ``name`` in an article; None where it says nothing. ``outlet``: of a
    name that many bear, the country that the outlet's domain is of stands in for one that the text does not
    say."""
    roles: set[str] = set()
    places: set[str] = set()
    for start in islice(_places_of(name, text), _OCCURRENCES):
        for some, where in (_before(text, start), _after(text, start + len(name))):
            roles |= some
            places |= where
    if not places and outlet and "." in outlet:
        domain = outlet.rsplit(".", 1)[-1].lower()
        country = {"uk": "gb"}.get(domain, domain)
        # of most names nobody asks whether they are common
        places = {country} if country in _places_known() and _is_common(name) else set()
    made = Description(frozenset(roles), frozenset(places))
    return str(made) if made.telling else None


def _places_of(name: str, text: str) -> Iterator[int]:
    """Where a name stands in a text, as whole words."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start
        start = text.find(name, end)


def told_apart(identity: str, descriptions: Iterable[str], rulings: Rulings = NONE) -> dict[str, str]:
    """People of one name as actors of their own: per description the id; empty where nothing says that they
    are two.

    Descriptions that say what somebody is and where are put together if they are one as surely as the bar of
    links; one that says less goes with the only group it agrees with, if there is one. What is in no group
    stays with the name, and may be any of them. Before that comes what people decided of these ids: those
    merged are one, those rejected or split are two.
    """
    told = frozenset(descriptions)
    said = _Said.of(identity, told, rulings)
    return dict(_told_apart(identity, told, said)) if len(told) > 1 or said.kept else {}


@dataclass(frozen=True, slots=True)
class _Said:
    """What people decided of descriptions of one name."""

    named: frozenset[str] = frozenset()
    """Those whose ids were merged, split, or merged into."""
    one: frozenset[tuple[str, str]] = frozenset()
    two: frozenset[tuple[str, str]] = frozenset()
    alone: frozenset[str] = frozenset()
    kept: bool = False
    """Whether some are not the name, even if articles describe nobody else."""

    @classmethod
    def of(cls, identity: str, descriptions: Iterable[str], rulings: Rulings) -> _Said:
        if not rulings:
            return _NOTHING
        ids = {bearer_id(identity, text): text for text in descriptions}
        merges = ((ruling.actor_id, ruling.other_id or "") for ruling in rulings.merges())
        alone = frozenset(text for one, text in ids.items() if rulings.alone(one))
        return cls(
            frozenset(ids[one] for one in ids.keys() & rulings.named),
            frozenset((ids[one], ids[other]) for one, other in merges if one in ids and other in ids),
            frozenset(
                (ids[one], ids[other]) for one, other in rulings.rejected if one in ids and other in ids
            ),
            alone,
            bool(alone) or any(rulings.two(identity, one) for one in ids),
        )

    def are_two(self, one: Description, other: Description) -> bool:
        """Whether nothing but a merge makes these one."""
        left, right = str(one), str(other)
        return bool({left, right} & self.alone) or (left, right) in self.two or (right, left) in self.two


_NOTHING = _Said()


@lru_cache(maxsize=4096)
def _told_apart(identity: str, descriptions: frozenset[str], said: _Said) -> Mapping[str, str]:
    common = _is_common_identity(identity)
    groups = _merged(said)
    for one in sorted((parsed(text) for text in descriptions), key=lambda one: (-one.telling, str(one))):
        if any(one in group for group in groups):
            continue
        near = [group for group in groups if any(same(one, other, common=common) >= BAR for other in group)]
        near = [group for group in near if not any(said.are_two(one, other) for other in group)]
        if len(near) > 1 and one.telling == 2 and not _any_apart(near, said, common=common):
            merged = [member for group in near for member in group]
            groups = [group for group in groups if group not in near] + [[*merged, one]]
        elif len(near) == 1:
            near[0].append(one)
        elif not near:
            groups.append([one])
    if len(groups) < 2 and not said.kept:
        return {}
    # an id that people decided about stays the group's
    first = {
        id(group): min((str(member) not in said.named, str(member)) for member in group)[1]
        for group in groups
    }
    return {str(one): bearer_id(identity, first[id(group)]) for group in groups for one in group}


def _merged(said: _Said) -> list[list[Description]]:
    """Descriptions that merges hold together."""
    groups: list[set[str]] = []
    for pair in sorted(said.one):
        held = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in held] + [set(pair).union(*held)]
    return [[parsed(text) for text in sorted(group)] for group in groups]


def candidates_apart(
    identity: str, descriptions: Iterable[str], rulings: Rulings = NONE
) -> list[tuple[str, str, float]]:
    """Of people of one name who are told apart: pairs of ids that may be one after all, the name itself among
    them, and how probably."""
    apart = told_apart(identity, descriptions, rulings)
    members: dict[str, list[Description]] = {}
    for text, actor in apart.items():
        members.setdefault(actor, []).append(parsed(text))
    said = _Said.of(identity, apart, rulings)
    ids = sorted(members)
    common = _is_common_identity(identity)
    found = [(identity, actor, round(1 / len(ids), 2)) for actor in ids if not rulings.alone(identity)]
    for number, one in enumerate(ids):
        for other in ids[number + 1 :]:
            pairs = [(left, right) for left in members[one] for right in members[other]]
            probability = max(same(left, right, common=common) for left, right in pairs)
            if probability >= EVEN and not any(said.are_two(left, right) for left, right in pairs):
                found.append((one, other, round(min(probability, BAR - 0.01), 2)))
    return [link for link in found if not rulings.two(link[0], link[1]) and not rulings.alone(link[1])]


def led(identity: str, descriptions: Iterable[str], rulings: Rulings) -> dict[str, str]:
    """Where ids of descriptions on record lead that people decided about: to the id that tells their person
    apart, else to the name."""
    if not rulings:
        return {}
    told = frozenset(descriptions)
    apart = told_apart(identity, told, rulings)
    ids = {bearer_id(identity, text): apart.get(text, identity) for text in told}
    return {
        one: lead
        for one, lead in ids.items()
        if one != lead and rulings.mentions(one) and not rulings.alone(one) and not rulings.two(one, lead)
    }


def same(one: Description, other: Description, *, common: bool) -> float:
    """How probably people of one full name are one, given what articles say of them."""
    prior = _COMMON_NAME if common else _SAME_NAME
    odds = log(prior / (1 - prior))
    if one.roles and other.roles:
        odds += _of_roles(one.roles, other.roles)
    if one.places and other.places:
        if one.places & other.places:
            odds += _SAME_PLACE
        elif not (one.roles and other.roles):
            odds += _OTHER_PLACE_ONLY
        else:
            tied = one.roles & other.roles & _words().tied
            odds += _OTHER_PLACE_OF_OFFICE if tied else _OTHER_PLACE
    return 1 / (1 + exp(-odds))


def _of_roles(one: frozenset[str], other: frozenset[str]) -> float:
    """What two people's roles add to the log-odds that they are one."""
    if one & other:
        return _SAME_ROLE
    if _related(one, other):
        return 0.0
    return _PRIVATE_ROLE if (one == {"private"}) != (other == {"private"}) else _OTHER_ROLE


def _any_apart(groups: list[list[Description]], said: _Said, *, common: bool) -> bool:
    members = [member for group in groups for member in group]
    pairs = [(one, other) for number, one in enumerate(members) for other in members[number + 1 :]]
    return any(same(one, other, common=common) < EVEN or said.are_two(one, other) for one, other in pairs)


def _related(one: frozenset[str], other: frozenset[str]) -> bool:
    return any(frozenset((left, right)) in _words().related for left in one for right in other)


def parsed(text: str) -> Description:
    """The description that ``str`` made."""
    roles, _, places = text.partition(".")
    return Description(frozenset(filter(None, roles.split("+"))), frozenset(filter(None, places.split("+"))))


def _before(text: str, start: int) -> tuple[set[str], set[str]]:
    """A role right before the name, and a place up to two words before that."""
    stretch = text[max(0, start - 80) : start]
    ends = [end.end() for end in _CLAUSE_END.finditer(stretch)]
    words = _folded(stretch[ends[-1] if ends else 0 :])[-_BEFORE:]
    roles = list(_phrases(words, _words().roles))
    if not roles or roles[-1][1] != len(words):
        return set(), set()
    first = roles[-1][0]
    places = [
        place for begin, end, place in _phrases(words, _words().places) if begin < first and first - end <= 2
    ]
    return {role for _, _, role in roles[-1:]}, set(places)


def _after(text: str, end: int) -> tuple[set[str], set[str]]:
    """An apposition, or *of*, *from* or *in* a place."""
    apposed, direct = _APPOSED.match(text, end), _DIRECT.match(text, end)
    opened = apposed or direct
    if opened is None:
        return set(), set()
    rest = text[opened.end() : opened.end() + 120]
    stop = _CLAUSE_END.search(rest)
    words = _folded(rest[: stop.start()] if stop else rest)[:_AFTER]
    if not words or (apposed and words[0] in _OPENERS and " ".join(words[:2]) not in _words().joining):
        return set(), set()
    if direct:
        return set(), {
            place for begin, _, place in _phrases(words[: _LONGEST + 1], _words().places) if begin == 1
        }
    cut = next((place for place, word in enumerate(words) if word in _PREPOSITIONS and place), len(words))
    roles = {role for begin, _, role in _phrases(words, _words().roles) if begin < cut}
    return roles, {place for _, _, place in _phrases(words, _words().places)}


def _folded(stretch: str) -> list[str]:
    return [key for word in _WORD.findall(stretch) for key in [name_key(word).replace("-", " ")] if key]


def _phrases(words: list[str], known: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Where phrases of a list stand among words, the longest first: first word, one past the last, what it
    is."""
    start = 0
    while start < len(words):
        for size in range(min(_LONGEST, len(words) - start), 0, -1):
            meant = known.get(" ".join(words[start : start + size]))
            if meant is not None:
                yield start, start + size, meant
                start += size - 1
                break
        start += 1


def _is_common(name: str) -> bool:
    return _is_common_identity(f"person:{name_key(name)}")


@lru_cache(maxsize=65536)
def _is_common_identity(identity: str) -> bool:
    found = read(identity)
    return found is not None and is_common(found)


@cache
def _places_known() -> frozenset[str]:
    return frozenset(_words().places.values())


@cache
def _words() -> _Words:
    folder = files(__package__)
    roles: dict[str, Any] = json.loads(folder.joinpath("roles.json").read_text(encoding="utf-8"))
    places: dict[str, str] = json.loads(folder.joinpath("places.json").read_text(encoding="utf-8"))
    return _Words(
        roles={
            phrase.replace("-", " "): kind
            for kind, phrases in roles["classes"].items()
            for phrase in phrases.split("|")
        },
        places={
            phrase.replace("-", " "): code
            for code, phrases in places.items()
            for phrase in phrases.split("|")
        },
        related=frozenset(frozenset(pair.split()) for pair in roles["related"]),
        tied=frozenset(roles["tied"].split()),
        joining=tuple(roles["joining"].split("|")),
    )
