"""Page furniture: lines that stand between paragraphs without being part of the article."""

from __future__ import annotations

import re

_URL = re.compile(r"<?(?:https?://|www\.)\S+>?[.,;]?", re.IGNORECASE)

# A label and what it points to; the label alone is not enough, "Related:" may open a sentence, so a colon is required.
_POINTER = re.compile(
    r"(?:related(?: (?:articles?|stor(?:y|ies)|coverage|links?|content|reading|topics?|posts?|news|video))?"
    r"|(?:read|see|watch|listen) (?:more|also|next|now|here)|also (?:read|on|see)"
    r"|more (?:on this|from|stories|coverage)(?: [^:]{1,40})?|recommended(?: (?:stories|reading))?"
    r"|don['’]t miss|editors?['’]? picks?|you (?:may|might) also like|most read|trending(?: now)?"
    r"|up next|in case you missed it|further reading)\s*:.*",
    re.IGNORECASE,
)

# Whole lines, with nothing after them.
_NOTICE = re.compile(
    r"(?:[-•*·]\s*)?(?:(?:skip )?advertisements?(?: ?\d+\s?story continues.{0,40})?"
    r"|(?:article|story) continues(?: (?:after|below))?(?: (?:this )?(?:ad|advert|advertisement))?"
    r"|sponsored(?: content)?|(?:click|tap) here (?:to|for) .{1,80}"
    r"|sign up (?:for|to) .{1,120}newsletters?.{0,60}|subscribe (?:now|today|here|to our .{1,60})|follow us on .{1,60}"
    r"|share (?:this|on) .{1,60}|share|print|e-?mail|comments?|read more|more|loading\.*"
    r"|(?:article|story) content|most (?:read|popular|viewed)(?: (?:in|on) .{1,40})?|(?:[“\"]\s*)?swipe (?:left|right) .{1,80}"
    r"|image (?:source|caption)s?,? .{1,80}|getty images|reuters/[A-Z].{1,40}|\(?photo(?:s|graph)?(?: credit)?(?: by|:) .{1,80}"
    r"|©.{0,120}|copyright (?:©|\(c\)|\d{4}).{0,120}|all rights reserved\.?"
    r"|e-?mail: ?[^\s@]+@\S+|additional reporting (?:by|from) .{1,80}"
    r"|page \d+(?: of \d+)?|\d+ ?/ ?\d+|[-–—_=*~·•#.\s]{3,})",
    re.IGNORECASE,
)


def is_furniture(line: str) -> bool:
    """Whether a whole line is page furniture: a bare address, an advertisement notice, a pointer to another article."""
    return bool(_URL.fullmatch(line) or _NOTICE.fullmatch(line) or is_pointer(line))


def is_pointer(line: str) -> bool:
    """Whether a line opens a pointer to another article (``Related article: …``), which may run over several lines."""
    return bool(_POINTER.fullmatch(line))
