"""The record, read by a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.chassis.errors import OnrecordError
from services.chassis.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A connection to the record's database.

    Raises:
        OnrecordError: it cannot be read just now, or what is asked for is not on it.
    """
    from services.query.database import Database
    from services.query.problems import Trouble

    database = Database(settings.store.address())
    try:
        with database.reading() as connection:
            yield connection
    except Trouble as trouble:
        raise OnrecordError(trouble.detail) from trouble
    finally:
        database.close()


def line(text: str) -> str:
    """Other people's words as one line that cannot steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
