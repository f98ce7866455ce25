"""IPTC ninjs news items, versions 1.0 to 3.1.

They differ in how names are written (``pubstatus``, ``pubStatus``) and in what stands alone or in a list
(``headline``, ``body_text`` and ``body_xhtml`` up to 1.8; ``headlines`` and ``bodies`` later). Names are read
in any case. A moment without a zone is UTC, a day midnight; but never the end of an embargo: a guess might
let an article out early.

``uri`` becomes the identity (and the address, when it is one); ``version``, when it is a whole number, the
revision; ``withheld`` and ``canceled`` withdraw the article. An embargoed item and a partial one are refused:
the first must not be on record yet, the second would replace the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from schemas.events import ArticleStatus
from schemas.ids import digest
from services.chassis.bylines import separate
from services.ingest.identity import web_address
from services.ingest.readers.items import (
    Arrival,
    Limits,
    Offer,
    Unreadable,
    explain,
    from_fields,
    language_tag,
    moment_written,
    one_line,
    person_names,
)

WITHOUT_END = datetime.max.replace(tzinfo=UTC)
"""The end of an embargo that names none."""

_Moment = Annotated[datetime, BeforeValidator(moment_written)]


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _Headline(_Open):
    role: str | None = None
    value: str = ""


class _Body(_Open):
    role: str | None = None
    content_type: str | None = Field(None, alias="contenttype")
    value: str = ""


class _Party(_Open):
    name: str | None = None
    rel: str | None = None


class _Item(_Open):
    uri: str = Field(min_length=1, max_length=2048)
    type: str | None = None
    representation: str | None = Field(None, alias="representationtype")
    version: str | int | None = None
    first_created: _Moment | None = Field(None, alias="firstcreated")
    version_created: _Moment | None = Field(None, alias="versioncreated")
    content_created: _Moment | None = Field(None, alias="contentcreated")
    embargoed_until: AwareDatetime | None = Field(
        None, validation_alias=AliasChoices("embargoeduntil", "embargoed")
    )
    pub_status: str = Field("usable", alias="pubstatus")
    language: str | None = None
    headlines: list[_Headline] = []
    bodies: list[_Body] = []
    by: str | None = Field(None, validation_alias=AliasChoices("by", "byline"))
    organisations: list[_Party] = Field([], validation_alias=AliasChoices("organisations", "organisation"))
    info_sources: list[_Party] = Field([], validation_alias=AliasChoices("infosources", "infosource"))


def is_ninjs(fields: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a ninjs item: it names itself by ``uri``, which our articles do not."""
    return "uri" in fields and "article_id" not in fields and "content" not in fields


def from_ninjs(arrival: Arrival, fields: Mapping[str, Any], original: bytes, limits: Limits) -> Offer:
    """An offer of a ninjs item.

    Raises:
        Unreadable: it is no ninjs item, no whole text, or under embargo.
    """
    try:
        item = _Item.model_validate(_plain(fields))
    except ValidationError as error:
        raise Unreadable("schema", f"not a ninjs item: {explain(error)}", "validate") from error
    if item.pub_status not in ("usable", "withheld", "canceled"):
        raise Unreadable(
            "schema", f"pubStatus {item.pub_status[:40]!r} is none of usable, withheld, canceled", "validate"
        )
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
        "authors": person_names(list(separate(item.by or ""))),
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


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Names in lower case, nothing null, and what stood alone up to version 1.8 in the lists that came
    later."""
    given: dict[str, Any] = _folded(fields)
    if "headlines" not in given and isinstance(given.get("headline"), str):
        given["headlines"] = [{"value": given["headline"]}]
    if "bodies" not in given:
        # body_text, body_xhtml, body_html, …
        types = {"text": "text/plain", "xhtml": "text/html", "html": "text/html"}
        bodies = (
            (name.removeprefix("body_"), value) for name, value in given.items() if name.startswith("body_")
        )
        given["bodies"] = [
            {"contenttype": types[kind], "value": value} for kind, value in bodies if kind in types
        ]
    return given


def _folded(value: Any) -> Any:
    if isinstance(value, list):
        return [_folded(element) if isinstance(element, dict) else element for element in value]
    if not isinstance(value, Mapping):
        return value
    return {name.lower(): _folded(inner) for name, inner in value.items() if inner is not None}


def _check_usable(item: _Item, now: datetime) -> None:
    if item.type not in (None, "text"):
        raise Unreadable("not_text", f"type is {item.type[:40]!r}; only text items are read", "validate")
    if item.embargoed_until == WITHOUT_END:
        raise Unreadable(
            "embargoed",
            "under embargo, with no time at which it ends; send it again when it has ended",
            "validate",
        )
    if item.embargoed_until and item.embargoed_until > now:
        raise Unreadable(
            "embargoed",
            f"under embargo until {item.embargoed_until.isoformat()}; send it again then",
            "validate",
        )
    if item.representation == "partial":
        raise Unreadable(
            "partial",
            "representationType is partial and would replace the whole; send the full item",
            "validate",
        )


def _headline(item: _Item) -> str | None:
    by_role = {
        headline.role: headline.value for headline in reversed(item.headlines) if headline.value.strip()
    }
    return (
        by_role.get("main")
        or by_role.get("headline")
        or next((h.value for h in item.headlines if h.value.strip()), None)
    )


def _body(item: _Item) -> tuple[str, str]:
    """The main body, plain text before HTML, and its content type."""
    bodies = [body for body in item.bodies if body.value.strip()]
    if not bodies:
        raise Unreadable(
            "empty", "has no body with a value; send the article's words in bodies[].value", "validate"
        )
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
