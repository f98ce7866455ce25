"""Whether a proposition is negative: whether its main predicate is negated, by the verb (``the road is not
closed``), the subject (``nobody was hurt``) or the object (``there is no evidence``).

Not what stands inside: ``he knew the road was not closed`` affirms that he knew. Of predicates joined by
``and`` or ``but`` the first counts. The words are looked at from the left until the clause is left; there is
no parse.
"""

from __future__ import annotations

import re

from services.extract.claims.clauses import PLAIN_VERBS
from services.extract.claims.polarity import Polarity, polarity, starts_with, words_of

_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
# words: how far an infinitive's “not to” stands from the beginning (“the drivers of both trains not to move”)
_SUBJECT = 8
_MARKS = re.compile(r"[“”\"«»]")
_CONTRACTED = ("n't", "'s", "'re", "'ve", "'ll", "'d", "'m")
_RELATIVES = frozenset(("who", "whom", "whose", "which", "that"))


def is_negative(proposition: str, language: str = "en") -> bool | None:
    """Whether the main predicate is negated; None in a language whose negations are not known."""
    known = polarity(language)
    if known is None:
        return None
    words = [word.lstrip("'") or word for word in words_of(_MARKS.sub(" ", proposition[:_LONGEST]))]
    words = _main_clause(known, words)
    if _negates_subject(known, words) or _begins_negative(known, words):
        return True
    return _Reader(known, words).finds_negation()


def _main_clause(known: Polarity, words: list[str]) -> list[str]:
    """From where the main clause begins: behind connectives, an answer's “no,” and a subordinate clause that
    comes first."""
    start = 0
    while start < len(words) and (
        not words[start][0].isalnum() or words[start] in known["connectives"] or _answers(words, start)
    ):
        start += 1
    words = words[start:]
    if words and words[0] in known["subordinators"] and "," in words:
        return _main_clause(known, words[words.index(",") + 1 :])
    return words


def _answers(words: list[str], place: int) -> bool:
    return words[place] in ("no", "yes") and words[place + 1 : place + 2] in ([","], ["."], ["!"])


def _negates_subject(known: Polarity, words: list[str]) -> bool:
    """``nobody was hurt``, ``no minister knew``; neither ``no more than ten`` nor ``nobody but Lee``."""
    if words[:1] == ["no"]:
        return not _is_idle(known, words, 0)
    taken = starts_with(words, known.phrases("nobody"))
    return taken > 0 and not any(word in known["save"] for word in words[taken : taken + 1])


def _begins_negative(known: Polarity, words: list[str]) -> bool:
    """``at no point did …``, ``not to close the road``, ``Lee not to close the road``."""
    if starts_with(words, known.phrases("fronted")) and not starts_with(words, known.phrases("idioms")):
        return True
    place = next((place for place, word in enumerate(words[:_SUBJECT]) if word in ("not", "never")), None)
    if place is None or words[place + 1 : place + 2] != ["to"]:
        return False
    # “the decision not to run was hers”: a verb of the same clause makes the infinitive a part of its subject
    clause = next(
        (later for later in range(place, len(words)) if words[later] in known["subordinators"]), len(words)
    )
    return not any(_is_verb(known, words, other) for other in range(clause))


class _Reader:
    """Reads a clause from the left."""

    def __init__(self, known: Polarity, words: list[str]) -> None:
        self._known, self._words = known, words

    def finds_negation(self) -> bool:
        """Whether a negation comes before the main clause is left."""
        known, words = self._known, self._words
        verb_seen, inside = False, False  # inside: a relative clause of the subject
        for place, word in enumerate(words):
            if inside:
                inside = not _is_verb(known, words, place) or words[place + 1 : place + 2] in (
                    ["not"],
                    ["never"],
                )
            elif word in _RELATIVES and not verb_seen:
                inside = place > 0
            elif self._leaves(place, verb_seen):
                return False
            elif known.negates(word) and word not in known["weak"] and not _is_idle(known, words, place):
                return True
            verb_seen = verb_seen or (not inside and _is_verb(known, words, place))
        return False

    def _leaves(self, place: int, verb_seen: bool) -> bool:
        known, word = self._known, self._words[place]
        if word in known["thinking"]:
            return place > 0 and self._words[place - 1] not in known["determiners"]
        if (
            word in known["questions"]
            and self._words[place + 1 : place + 2]
            and self._words[place + 1].endswith("n't")
        ):
            return True  # “why can't we …?” asks for it
        if word in known["subordinators"] or word in _RELATIVES or word in known["questions"]:
            return verb_seen
        return verb_seen and (word in known["joining"] or word in ".;?!—–:")


def _is_idle(known: Polarity, words: list[str], place: int) -> bool:
    """Whether a negation at a place negates no predicate: ``not only``, ``no doubt``, ``no more than``,
    ``with no warning``, ``, not the bridge``, ``could not be happier``, ``isn't it?``."""
    before, behind = words[place - 1] if place else "", words[place + 1 :]
    following = behind[0] if behind else ""
    word = words[place]
    if following in known["limits"] or starts_with(words[place:], known.phrases("idioms")):
        return True
    if word == "no":
        joined = place > 0 and starts_with(words[place - 1 :], known.phrases("fronted")) > 0
        return following in known["comparing"] or (before in known["prepositions"] and not joined)
    if word in ("nothing", "nobody", "none"):
        return following in known["save"]
    # an infinitive that some other word governs: “decided not to run”
    if word in ("not", "never") and following == "to":
        return True
    if (
        word == "not"
        and following.endswith("ing")
        and before not in known["auxiliaries"]
        and not before.endswith(_CONTRACTED)
    ):
        return True  # “his not having a ticket was a mistake”
    if word == "not" and (
        before in known["contrasting"]
        or before in (",", "—", "–")
        or (following in ("because", "for", "so") and "but" in behind)
    ):
        return True
    if word in ("without", "nor"):
        return True
    tag = word.endswith("n't") and before == "," and behind[1:2] == ["?"]
    return tag or _is_emphatic(known, words, place)


def _is_emphatic(known: Polarity, words: list[str], place: int) -> bool:
    """``could not be happier``, ``can't recommend it enough``: as much as can be."""
    modal = words[place] if words[place] != "not" else (words[place - 1] if place else "")
    if not modal.startswith(("can", "could")):
        return False
    behind = words[place + 1 :]
    for number, word in enumerate(behind):
        if word in known["emphatic"] or (word.endswith("er") and behind[number - 1 : number] == ["be"]):
            return behind[number + 1 : number + 2] != ["than"]
    return False


def _is_verb(known: Polarity, words: list[str], place: int) -> bool:
    """Whether a word is finite, as far as its form tells: ``closed`` is, behind an article it is not."""
    word = words[place]
    if word in known["auxiliaries"] or word in PLAIN_VERBS or word.endswith(_CONTRACTED):
        return True
    if place > 0 and words[place - 1] in known["subjects"]:
        return word.isalpha()
    return (
        word.endswith("ed") and len(word) > 4 and place > 0 and words[place - 1] not in known["determiners"]
    )
