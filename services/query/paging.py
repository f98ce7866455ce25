"""Pages by position, not by number: a page goes on after the last item seen, so that nothing is shown twice
or skipped when the record grows between two requests."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, literal, tuple_

from services.query.problems import bad_parameter

Item = TypeVar("Item")

_KEY_LIMIT = 2**63
"""Keys are 64-bit on both databases."""


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item] = Field(description="The items, in the order asked for.")
    total: int = Field(ge=0, description="Items in the whole list, as of this request.")
    exact: bool = Field(
        default=True,
        description="False where there are more than `total`: a search counts 10,000 statements at most.",
    )
    limit: int = Field(ge=1, description="Most items on one page.")
    next_cursor: str | None = Field(
        default=None, description="Give it as `cursor` for the next page; null on the last one."
    )
    next: str | None = Field(
        default=None, description="Path and query of the next page; null on the last one."
    )


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sort key and the id of its last item."""

    key: int | str
    identifier: str


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: a sort key, the identifier to break ties, and the direction of both (so that an index
    can be read either way).

    ``name`` tells orders apart, so that a cursor of one is refused by another.
    """

    name: str
    key: ColumnElement[Any]
    identifier: ColumnElement[Any]
    descending: bool
    key_type: type[int] | type[str]

    def clauses(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """What to sort by."""
        if self.descending:
            return self.key.desc(), self.identifier.desc()
        return self.key.asc(), self.identifier.asc()

    def after(self, position: Position) -> ColumnElement[bool]:
        """The condition for items after ``position``."""
        here, there = (
            tuple_(self.key, self.identifier),
            tuple_(literal(position.key), literal(position.identifier)),
        )
        return here < there if self.descending else here > there

    def encode(self, position: Position) -> str:
        """``position`` as an opaque word for an address."""
        data = json.dumps(
            [self.name, position.key, position.identifier], ensure_ascii=False, separators=(",", ":")
        )
        return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")

    def decode(self, cursor: str) -> Position:
        """The position in a cursor.

        Raises:
            Trouble: 422 when the cursor is none of this order.
        """
        try:
            name, key, identifier = json.loads(
                base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            )
        except (binascii.Error, ValueError, TypeError, RecursionError) as error:
            raise bad_parameter(
                "cursor", "it is not a cursor; take `next_cursor` of the page before"
            ) from error
        if name != self.name:
            raise bad_parameter("cursor", "it belongs to another sort order; start again without it")
        fits = type(key) is self.key_type and isinstance(identifier, str) and "\0" not in f"{key}{identifier}"
        if not fits or (isinstance(key, int) and abs(key) >= _KEY_LIMIT):
            raise bad_parameter("cursor", "it is not a cursor; take `next_cursor` of the page before")
        return Position(key, identifier)


def page_of(
    rows: Sequence[Any],
    *,
    limit: int,
    total: int,
    order: Order,
    position: Callable[[Any], Position],
    build: Callable[[Sequence[Any]], list[Item]],
    link: Callable[[str], str],
    exact: bool = True,
) -> Page[Item]:
    """A page from ``limit + 1`` rows read: the extra one only tells that there is a next page.

    Args:
        position: where a row stands in ``order``.
        build: the items of the rows that are shown.
        link: the address of the page at a cursor.
    """
    shown = rows[:limit]
    cursor = order.encode(position(shown[-1])) if len(rows) > limit else None
    return Page(
        items=build(shown),
        total=total,
        exact=exact,
        limit=limit,
        next_cursor=cursor,
        next=link(cursor) if cursor else None,
    )
