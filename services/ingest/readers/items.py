"""What readers make: an offered article, a refusal that names the input, the reason and the cure, or word of
what is no article."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from schemas.events import Article, ArticleStatus
from services.ingest.identity import article_id, host_of, web_address

_TITLE_CHARS, _OUTLET_CHARS, _AUTHOR_CHARS, _AUTHORS, _ORIGIN_CHARS = 1024, 256, 256, 64, 2048
_LANGUAGE = re.compile(r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest content of one article in bytes of UTF-8, and what one line of JSON may take. ``columns``:
    pairs of a field of ours and the column of a table that holds it. ``kinds``: pages that are no articles
    and are taken all the same (:data:`services.ingest.kinds.KINDS`).
    """

    article_bytes: int
    columns: tuple[tuple[str, str], ...] = ()
    kinds: frozenset[str] = frozenset()

    @property
    def line_bytes(self) -> int:
        """JSON may write one non-ASCII character of two bytes as six: three times the content's limit."""
        return 3 * self.article_bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an archive has been read: its record ``record`` begins ``within`` bytes into what is packed at
    byte ``at`` of the file.

    ``archive`` tells files apart by how they begin. ``record`` is empty when the archive has been read to its
    end.
    """

    archive: str
    at: int
    within: int
    record: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an input came: its name for people, its origin for events, the source's label for metrics, and
    when.

    ``fetched_at``: when it was fetched by somebody else, who archived it. ``mark``: how far its archive has
    been read with it.
    """

    name: str
    origin: str
    source: str
    at: datetime
    fetched_at: datetime | None = None
    mark: Mark | None = None

    def part(self, place: str) -> Arrival:
        """The same arrival, naming a place inside the input."""
        return replace(self, name=f"{self.name} {place}")


@dataclass(frozen=True, slots=True)
class Offer:
    """An article offered for publication. Without ``revision_given`` its revision is decided by the index.

    ``original`` holds the bytes it was read from; ``reencoded`` says that they were written anew on the way.
    ``notes``: what was made of it that its sender may not have meant.
    """

    article: Article
    revision_given: bool
    arrival: Arrival
    original: bytes
    reencoded: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that cannot become an article: ``reason`` is a short label, ``message`` says what is wrong and
    what to do.

    ``original`` holds the bytes as they came, as far as they were read: ``cut`` says that there were more,
    ``reencoded`` that they were written anew on the way.
    """

    arrival: Arrival
    reason: str
    message: str
    original: bytes
    cut: bool = False
    stage: str = "decode"
    reencoded: bool = False

    def __str__(self) -> str:
        return f"{self.arrival.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Skip:
    """What is no article and is passed over: ``reason`` is a short label. It is counted, and nothing of it is
    kept."""

    arrival: Arrival
    reason: str
    message: str

    @property
    def original(self) -> bytes:
        """Nothing."""
        return b""


Item = Offer | Refusal | Skip


class Unreadable(Exception):
    """Raised inside a reader, turned into a :class:`Refusal` at its edge."""

    def __init__(self, reason: str, message: str, stage: str = "decode") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.stage = stage


def one_line(text: str | None, limit: int) -> str | None:
    """Text for a label: white space collapsed, control and bidirectional-override characters dropped, cut to
    ``limit``."""
    if not text:
        return None
    kept = "".join(
        " " if c.isspace() else c
        for c in text
        if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return " ".join(kept.split())[:limit].strip() or None


def language_tag(text: str | None) -> str:
    """A BCP 47 tag made of what a page or producer wrote (``en_GB`` becomes ``en-GB``); ``und`` when it is
    none."""
    tag = (text or "").strip().replace("_", "-")
    return tag if len(tag) <= 35 and _LANGUAGE.match(tag) else "und"


def person_names(names: list[str]) -> tuple[str, ...]:
    """By-line entries: cleaned, addresses left out, each once, in order."""
    cleaned = (one_line(name, _AUTHOR_CHARS) for name in names)
    return tuple(dict.fromkeys(name for name in cleaned if name and "://" not in name))[:_AUTHORS]


def moment_of(moment: datetime | None) -> datetime | None:
    """The moment as events carry it: without a zone it is UTC; None when it cannot be told in UTC (the year
    10000)."""
    try:
        aware = moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
        return aware if aware and aware.astimezone(UTC) else None
    except OverflowError:
        return None


def offer(
    arrival: Arrival,
    original: bytes,
    limits: Limits,
    *,
    content: str,
    content_type: str,
    url: str | None = None,
    outlet: str | None = None,
    title: str | None = None,
    authors: list[str] | None = None,
    language: str | None = None,
    published_at: datetime | None = None,
) -> Offer:
    """An article of what a reader could find out; descriptions too long are cut.

    Raises:
        Unreadable: no text, or more of it than allowed.
    """
    check_content(content, limits)
    address = web_address(url)
    article = Article.model_validate({
        "article_id": article_id(address, content, content_type),
        "url": address,
        "outlet": one_line(outlet, _OUTLET_CHARS) or host_of(address),
        "title": one_line(title, _TITLE_CHARS),
        "authors": person_names(authors or []),
        "language": language_tag(language),
        "published_at": moment_of(published_at),
        "fetched_at": arrival.fetched_at or arrival.at,
        "content_type": content_type,
        "content": content,
        "origin": arrival.origin[:_ORIGIN_CHARS],
    })  # fmt: skip
    return Offer(article, revision_given=False, arrival=arrival, original=original)


def check_content(content: str, limits: Limits) -> None:
    """Raises :class:`Unreadable` when there is no text, too much of it, or characters no database keeps."""
    if not content.strip():
        raise Unreadable("empty", "has no text; send the article's words", "validate")
    if len(content.encode("utf-8", "surrogatepass")) > limits.article_bytes:
        raise Unreadable(
            "too_large",
            f"content is larger than {limits.article_bytes:,} bytes; send the article alone or raise"
            " ONRECORD_INGEST__MAX_ARTICLE_BYTES",
            "validate",
        )
    if "\x00" in content:
        raise Unreadable(
            "binary", "contains NUL characters, so it is not text; send plain text or HTML", "validate"
        )


def from_fields(arrival: Arrival, fields: Mapping[str, Any], original: bytes, limits: Limits) -> Offer:
    """An offer of a producer's own ``Article`` object; what the server knows better is filled in.

    ``article_id`` (see :mod:`services.ingest.identity`), ``fetched_at``, ``origin``, ``content_type``
    (``text/plain``) and ``outlet`` (the address's host) may be left out. In a file ``origin`` and
    ``fetched_at`` are kept, so that a dump of the topic reads back as it was; over HTTP they are always ours.
    What is null counts as left out, a moment without a zone is UTC and a day midnight, and a file's fields
    that are none of ours are left out; the last three are noted.

    Raises:
        Unreadable: the object breaks the schema or a limit; the message names each field. Or it is under
            embargo.
    """
    given, notes = _forgiven(fields, arrival)
    withdrawn = given.get("status") == ArticleStatus.WITHDRAWN
    given.setdefault("content_type", "text/plain")
    ours = {"fetched_at": arrival.at, "origin": arrival.origin[:_ORIGIN_CHARS]}
    given = given | ours if arrival.source == "push" else ours | given
    if withdrawn:
        given.setdefault("content", "")
    named = bool(given.get("article_id"))
    if not named:
        given["article_id"] = "unnamed"
    try:
        article = Article.model_validate(given)
    except ValidationError as error:
        raise Unreadable("schema", explain(error), "validate") from error
    _check_article(article, named, limits)
    if not named:
        article = article.model_copy(
            update={"article_id": article_id(article.url, article.content, article.content_type)}
        )
    if article.outlet is None and article.url:
        article = article.model_copy(update={"outlet": host_of(article.url)})
    return Offer(
        article,
        revision_given=given.get("revision") is not None,
        arrival=arrival,
        original=original,
        notes=notes,
    )


def _forgiven(fields: Mapping[str, Any], arrival: Arrival) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The fields with what can be understood made plain, and word of it."""
    given = {name: value for name, value in fields.items() if value is not None}
    notes = []
    # who pushes learns of a misspelt field at once, who reads a dump cannot mend it
    unknown = sorted(set(given) - set(Article.model_fields)) if arrival.source != "push" else []
    if given.get("status") != ArticleStatus.WITHDRAWN:
        check_embargo(unknown)
    if unknown:
        named = ", ".join(one_line(name, 40) or "?" for name in unknown[:5]) + (
            ", …" if len(unknown) > 5 else ""
        )
        notes.append(f"left out what is no field of article.v1: {named}")
        given = {name: value for name, value in given.items() if name in Article.model_fields}
    for name in ("published_at", "fetched_at"):
        moment = moment_written(given.get(name))
        if isinstance(moment, datetime) and moment.tzinfo is None:
            given[name] = moment.replace(tzinfo=UTC)
            if name == "published_at":
                notes.append("published_at names no time zone, taken as UTC")
    return given, tuple(notes)


def check_embargo(names: Iterable[str]) -> None:
    """Raises :class:`Unreadable` when a field that is about to be left out says that the article must not be
    on record yet."""
    name = next((name for name in names if name.lower().startswith("embargo")), None)
    if name:
        cure = (
            "only ninjs and NewsML-G2 say so in a way that is understood; send it when that is over, without"
            " the field"
        )
        raise Unreadable(
            "embargoed", f"has {name[:40]!r}, which may put it under embargo, and {cure}", "validate"
        )


def moment_written(value: Any) -> Any:
    """The moment or day that a text names in ISO 8601, without a zone where it names none; anything else as
    it is."""
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        return value


def _check_article(article: Article, named: bool, limits: Limits) -> None:
    if article.url is not None and web_address(article.url) is None:
        raise Unreadable("schema", f"url: {article.url[:80]!r} is not an http or https address", "validate")
    if article.status is ArticleStatus.WITHDRAWN:
        if not named and article.url is None:
            raise Unreadable(
                "schema", "a withdrawal must name the article: give article_id or url", "validate"
            )
    else:
        check_content(article.content, limits)


def explain(error: ValidationError) -> str:
    """One line that names every field in error and what is wrong with it, without repeating the article's
    text."""
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'item'}:"
        f" {_plain(problem['type'], problem['msg'])}"
        for problem in error.errors(include_input=False)
    ]
    return "; ".join(problems[:8]) + (f"; and {len(problems) - 8} more" if len(problems) > 8 else "")


def _plain(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such field in article.v1"
    if kind == "timezone_aware":
        return "needs a time zone, for example 2026-05-01T09:30:00Z"
    return message[0].lower() + message[1:]
