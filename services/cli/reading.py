"""Reading the record for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.chassis.errors import OnrecordError
from services.cli import setup

if TYPE_CHECKING:
    from sqlalchemy import Connection


@contextmanager
def reading() -> Iterator[Connection]:
    """The record, read.

    Raises:
        OnrecordError: it cannot be read just now, or what is asked for is not on it.
    """
    from services.query.database import Database
    from services.query.problems import Trouble

    database = Database(setup.load(interactive=True).store.address())
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
