"""Feeds to follow the record by: Atom (RFC 4287) and JSON Feed 1.1, of an actor, a phrase, an outlet, or any
filter."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from lxml import etree
from markupsafe import Markup
from pydantic_core import to_json

from services.chassis.settings import QuerySettings
from services.query.api import limit_of
from services.query.database import Database
from services.query.exports.linked import urn
from services.query.models import Statement, Withdrawal
from services.query.params import StatementSelection
from services.query.problems import bad_parameter, documented
from services.query.records import changes
from services.query.records.changes import Change, moment
from services.query.text import segment, shorten, visible, web_address

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
JSON_FEED = "https://jsonfeed.org/version/1.1"
TITLE = 120
"""Longest words in a title: a line of a reader's list."""
SETTLED_S = 2.0
"""A second's changes may all be told by the same ``Last-Modified``: it is not given before it is over, with
the next one's slack."""


class Feed:
    """What both forms say."""

    def __init__(
        self,
        base: str,
        address: str,
        query: StatementSelection,
        found: Sequence[Change],
        gone: Sequence[Change],
    ) -> None:
        """``base`` is the service's public address, ``address`` the feed's own."""
        self.base = base
        self.address = address
        # the same wherever it is served, and however the address is written
        self.identifier = f"urn:onrecord:feed:{query.link('')[1:] or 'all'}"
        self.entries = [(change.seq, change.what) for change in found if isinstance(change.what, Statement)]
        left: dict[str, tuple[int, Withdrawal]] = {}
        for change in gone:
            if isinstance(change.what, Withdrawal):  # once, though it may have been another actor's before
                left.setdefault(change.what.statement_id, (change.seq, change.what))
        self.gone = list(left.values())
        # that of the last entry, so that the bytes are the same until something changes; of an empty feed,
        # when time began
        self.updated = moment(max((seq for seq, _ in (*self.entries, *self.gone)), default=0))
        self.title = visible(_title(query, [statement for _, statement in self.entries]))
        self.home = f"{base}{query.link('/newest', limit=None, cursor=None)}"

    def page_of(self, statement: Statement) -> str:
        """Where a statement is shown in its article."""
        return (
            f"{self.base}/articles/{segment(statement.article.article_id)}#{segment(statement.statement_id)}"
        )


def atom(feed: Feed) -> bytes:
    """The feed as Atom; what left the record as deleted entries (RFC 6721)."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM, "at": TOMBSTONES})
    _add(root, "id", feed.identifier)
    _add(root, "title", feed.title)
    _add(root, "updated", _stamp(feed.updated))
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.address)
    _add(root, "link", rel="alternate", type="text/html", href=feed.home)
    _add(root, "generator", "onrecord")
    # an author of the feed, since it may have no entries
    _add(_add(root, "author"), "name", "onrecord")
    for seq, statement in feed.entries:
        _entry(root, feed, seq, statement)
    for seq, withdrawal in feed.gone:
        deleted = etree.SubElement(root, f"{{{TOMBSTONES}}}deleted-entry")
        deleted.set("ref", urn("statement", withdrawal.statement_id))
        deleted.set("when", _stamp(moment(seq)))
        etree.SubElement(deleted, f"{{{TOMBSTONES}}}comment").text = _REASONS[withdrawal.reason]
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return made


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed; what left the record in the extension ``_onrecord``."""
    document = {
        "version": JSON_FEED,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.address,
        "items": [_item(feed, seq, statement) for seq, statement in feed.entries],
        "_onrecord": {
            "about": "Statements that are no longer on record.",
            "withdrawn": [
                {"id": urn("statement", gone.statement_id), "at": _stamp(moment(seq)), "reason": gone.reason}
                for seq, gone in feed.gone
            ],
        },
    }
    return to_json(document) + b"\n"


def _entry(root: etree._Element, feed: Feed, seq: int, statement: Statement) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", urn("statement", statement.statement_id))
    _add(entry, "title", _headline(statement))
    _add(entry, "updated", _stamp(moment(seq)))
    if statement.article.published_at:
        _add(entry, "published", _stamp(statement.article.published_at))
    _add(_add(entry, "author"), "name", visible(statement.actor_on_record.name))
    _add(entry, "link", rel="alternate", type="text/html", href=feed.page_of(statement))
    origin = web_address(statement.article.url)
    if origin:
        _add(entry, "link", rel="via", href=origin)
    _add(entry, "category", term=statement.kind.value)
    _add(entry, "category", term=statement.stance.value)
    _add(entry, "content", _content(statement), type="html")


def _item(feed: Feed, seq: int, statement: Statement) -> dict[str, Any]:
    item = {
        "id": urn("statement", statement.statement_id),
        "url": feed.page_of(statement),
        "external_url": web_address(statement.article.url),
        "title": _headline(statement),
        "content_html": _content(statement),
        "date_published": _stamp(statement.article.published_at or moment(seq)),
        "date_modified": _stamp(moment(seq)),
        "authors": [{"name": visible(statement.actor_on_record.name)}],
        "language": None if statement.article.language == "und" else statement.article.language,
        "tags": [statement.kind.value, statement.stance.value],
    }
    return {name: value for name, value in item.items() if value is not None}


def _title(query: StatementSelection, found: Sequence[Statement]) -> str:
    named = (
        next((statement.actor_on_record.name for statement in found), query.actor) if query.actor else None
    )
    parts = [
        named,
        f"“{query.q}”" if query.q else None,
        query.outlet,
        *(value for value in (query.kind, query.subkind, query.stance)),
    ]
    return " · ".join(["onrecord", *(str(part) for part in parts if part)])


def _headline(statement: Statement) -> str:
    """As a page says it: whom, how sure, and whether these words were said at all."""
    says = statement.polarity or "said"
    who = " ".join(part for part in (statement.hedge, statement.actor_on_record.name, says) if part)
    return visible(f"{who}: {shorten(statement.text, TITLE)}")


def _content(statement: Statement) -> str:
    article = statement.article
    place = " · ".join(part for part in (article.title, article.outlet) if part) or article.article_id
    known = f", confidence {statement.confidence:.2f}"
    words = Markup("<blockquote>{}</blockquote>").format(visible(statement.text))
    return str(
        words + Markup("<p>{} {}{}. {}</p>").format(statement.subkind, statement.kind, known, visible(place))
    )


_REASONS = {
    "withdrawn": "The article was withdrawn.",
    "revised": "The article says something else now.",
    "moved": "It is another actor's now.",
    "copy": "An earlier appearance stands for it.",
}


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    made = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    made.text = text
    return made


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def router(database: Database, settings: QuerySettings) -> APIRouter:
    """The routes under ``/v1``."""
    api = APIRouter(prefix="/v1", tags=["follow"])
    problems = documented(
        HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    )

    def read(request: Request, query: StatementSelection) -> tuple[Feed, dict[str, str]]:
        if query.cursor:
            raise bad_parameter("cursor", "a feed has no pages; leave it out")
        limit = limit_of(query, settings)
        with database.reading() as connection:
            head = changes.head(connection)
            found, gone = (
                changes.latest(connection, query, limit),
                changes.withdrawals(connection, query, limit),
            )
        base = (settings.public_url or str(request.base_url)).rstrip("/")
        address = f"{base}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        # the record's last change, whichever it was: never later than what is in here
        told = (
            {"last-modified": format_datetime(moment(head), usegmt=True)}
            if time.time() - head / 1e6 > SETTLED_S
            else {}
        )
        return Feed(base, address, query, found, gone), told

    @api.get("/feed.atom", summary="Follow by Atom", responses=problems | _content_of("application/atom+xml"))
    def get_atom(request: Request, query: Annotated[StatementSelection, Query()]) -> Response:
        """What came on record last and passes the filters, newest first; what left it, as deleted entries
        (RFC 6721)."""
        feed, told = read(request, query)
        return Response(atom(feed), headers=told, media_type="application/atom+xml")

    @api.get(
        "/feed.json", summary="Follow by JSON Feed", responses=problems | _content_of("application/feed+json")
    )
    def get_json(request: Request, query: Annotated[StatementSelection, Query()]) -> Response:
        """The same as JSON Feed 1.1; what left the record is in `_onrecord.withdrawn`."""
        feed, told = read(request, query)
        return Response(json_feed(feed), headers=told, media_type="application/feed+json")

    return api


def _content_of(media: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The feed.", "content": {media: {}}}}
