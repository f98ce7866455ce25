"""IPTC ninjs 3.1 news items.

``uri`` becomes the identity (and the address, when it is one); ``version``, when it is a whole number, the revision; ``withheld`` and
``canceled`` withdraw the article. An embargoed item and a partial one are refused: the first must not be on record yet, the second would
replace the whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from schemas.events import ArticleStatus
from schemas.ids import digest
from services.ingest.identity import web_address
from services.ingest.readers.items import Arrival, Limits, Offer, Unreadable, explain, from_fields, language_tag, one_line, person_names


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _Headline(_Open):
    role: str | None = None
    value: str = ""


class _Body(_Open):
    role: str | None = None
    content_type: str | None = Field(None, alias="contentType")
    value: str = ""


class _Party(_Open):
    name: str | None = None
    rel: str | None = None


class _Item(_Open):
    uri: str = Field(min_length=1, max_length=2048)
    type: str | None = None
    representation: str | None = Field(None, alias="representationType")
    version: str | int | None = None
    first_created: AwareDatetime | None = Field(None, alias="firstCreated")
    version_created: AwareDatetime | None = Field(None, alias="versionCreated")
    content_created: AwareDatetime | None = Field(None, alias="contentCreated")
    embargoed_until: AwareDatetime | None = Field(None, alias="embargoedUntil")
    pub_status: str = Field("usable", alias="pubStatus")
    language: str | None = None
    headlines: list[_Headline] = []
    bodies: list[_Body] = []
    by: str | None = None
    organisations: list[_Party] = []
    info_sources: list[_Party] = Field([], alias="infoSources")


def is_ninjs(fields: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a ninjs item: it names itself by ``uri``, which our articles do not."""
    return "uri" in fields and "article_id" not in fields and "content" not in fields


def from_ninjs(arrival: Arrival, fields: Mapping[str, Any], original: bytes, limits: Limits) -> Offer:
    """An offer of a ninjs item.

    Raises:
        Unreadable: it is no ninjs item, no whole text, or under embargo.
    """
    try:
        item = _Item.model_validate(fields)
    except ValidationError as error:
        raise Unreadable("schema", f"not a ninjs item: {explain(error)}", "validate") from error
    if item.pub_status not in ("usable", "withheld", "canceled"):
        raise Unreadable("schema", f"pubStatus {item.pub_status[:40]!r} is none of usable, withheld, canceled", "validate")
    withdrawn = item.pub_status != "usable"
    if not withdrawn:
        _check_usable(item, arrival.at)
    body, content_type = ("", "text/plain") if withdrawn else _body(item)
    url = web_address(item.uri)
    ours: dict[str, Any] = {
        "status": ArticleStatus.WITHDRAWN if withdrawn else ArticleStatus.USABLE,
        "url": url,
        "outlet": one_line(_publisher(item), 256),
        "title": one_line(_headline(item), 1024),
        "authors": person_names([re.sub(r"^by\s+", "", item.by, flags=re.IGNORECASE)] if item.by else []),
        "language": language_tag(item.language),
        "published_at": item.first_created or item.content_created or item.version_created,
        "content_type": content_type,
        "content": body,
    }
    if url is None:
        ours["article_id"] = digest("art", "uri", item.uri)
    version = str(item.version) if item.version is not None else ""
    if version.isdecimal() and int(version[:12]) >= 1:
        ours["revision"] = int(version[:12])
    return from_fields(arrival, ours, original, limits)


def _check_usable(item: _Item, now: datetime) -> None:
    if item.type not in (None, "text"):
        raise Unreadable("not_text", f"type is {item.type[:40]!r}; only text items are read", "validate")
    if item.embargoed_until and item.embargoed_until > now:
        raise Unreadable("embargoed", f"under embargo until {item.embargoed_until.isoformat()}; send it again then", "validate")
    if item.representation == "partial":
        raise Unreadable("partial", "representationType is partial and would replace the whole; send the full item", "validate")


def _headline(item: _Item) -> str | None:
    by_role = {headline.role: headline.value for headline in reversed(item.headlines) if headline.value.strip()}
    return by_role.get("main") or by_role.get("headline") or next((h.value for h in item.headlines if h.value.strip()), None)


def _body(item: _Item) -> tuple[str, str]:
    """The main body, plain text before HTML, and its content type."""
    bodies = [body for body in item.bodies if body.value.strip()]
    if not bodies:
        raise Unreadable("empty", "has no body with a value; send the article's words in bodies[].value", "validate")
    main = [body for body in bodies if body.role in ("main", "body")] or bodies
    typed = [(body, "text/html" if _is_html(body) else "text/plain") for body in main]
    body, content_type = min(typed, key=lambda pair: pair[1] == "text/html")
    return body.value, content_type


def _is_html(body: _Body) -> bool:
    if body.content_type:
        return "html" in body.content_type.lower()
    return body.value.lstrip().startswith("<")


def _publisher(item: _Item) -> str | None:
    parties = [party for party in (*item.organisations, *item.info_sources) if party.name]
    return next((party.name for party in parties if party.rel in ("publisher", "source")), None)
