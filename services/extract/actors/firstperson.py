"""Who “I” is outside of quotation marks: whoever signs the letter or the post, or the article's only
author."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from schemas.events import ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member, Mention
from services.extract.actors.phrase import SPEAKER_PLURAL
from services.extract.types import Range

_HANDLE = re.compile(r"^[^\S\n]*[-—–]?[^\S\n]*(?P<handle>@\w{2,20})\.?[^\S\n]*$", re.MULTILINE)
_SIGNED = re.compile(r"\.?[^\S\n]*(?=\n|$)")


class FirstPerson:
    """The authors of an article and whoever signs a part of it."""

    def __init__(self, cast: Cast, authors: Sequence[str]) -> None:
        self._author = authors[0] if len(authors) == 1 else None
        signed = [
            (mention.span.start, member)
            for member in cast.people
            for mention in member.mentions
            if " " in mention.name and _is_signature(cast.text, mention.span)
        ]
        signed += [(match.start("handle"), _by_handle(match)) for match in _HANDLE.finditer(cast.text)]
        self._signed = sorted(signed, key=lambda item: item[0])

    def __call__(self, word: str, position: int) -> Member | None:
        """Whom the pronoun means: the author, else whose name is the next paragraph; None when nobody can
        tell."""
        if self._author is not None:
            return Member(ActorKind.PERSON, Mention(Range(position, position), self._author))
        if word in SPEAKER_PLURAL:
            return None
        index = bisect_left(self._signed, position, key=lambda item: item[0])
        return self._signed[index][1] if index < len(self._signed) else None


def _by_handle(match: re.Match[str]) -> Member:
    """Whoever signs with the name of an account."""
    return Member(ActorKind.PERSON, Mention(Range(*match.span("handle")), match["handle"]))


def _is_signature(text: str, name: Range) -> bool:
    """Whether a paragraph holds a name and nothing else."""
    return (
        text[max(0, name.start - 2) : name.start].strip(" —–-")[-1:] in ("", "\n")
        and _SIGNED.match(text, name.end) is not None
    )
