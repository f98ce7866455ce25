"""Records that an earlier release wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from schemas.relational import metadata
from services.aggregate.store import Store
from services.aggregate.store.engine import open_engine
from services.aggregate.store.migrate import configuration
from tests.support.appearances import UNIVERSE, count_one_by_one
from tests.support.record import dump, feed, open_store, rows
from tests.support.statements import actor

ANA = actor("Ana Lee").model_dump_json()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        f"sqlite:///{tmp_path / 'earlier.db'}"
        if request.param == "sqlite"
        else str(request.getfixturevalue("postgres_url"))
    )


@pytest.mark.parametrize(
    ("release", "added"),
    [
        ("0002", "within"),
        ("0003", "source_confidence"),
        ("0005", "denied"),
        ("0007", "reassigned_by"),
        ("0011", "jointly_with"),
        ("0013", "standing"),
        ("0014", "described"),
    ],
)
def test_a_record_of_an_earlier_release_keeps_its_statements(
    tmp_path: Path, release: str, added: str
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'record.db'}")
    with engine.begin() as connection:
        upgrade(connection, release)
        columns = [column.name for column in metadata.tables["statements"].columns if not column.nullable]
        numbers = ("revision", "on_record", "confidence", "sort_at")
        values = ", ".join(
            "0" if name in numbers else ":actor" if name == "actor" else "'{}'" for name in columns
        )
        connection.execute(
            sa.text(f"INSERT INTO statements ({', '.join(columns)}) VALUES ({values})"), {"actor": ANA}
        )
    engine.dispose()
    store = open_store(tmp_path)
    [row] = rows(store, "statements")
    assert row[added] is None
    store.close()


def test_a_record_that_counted_every_telling_counts_what_was_said_once(tmp_path: Path, address: str) -> None:
    """Eight articles of Ida Holm: three have one sentence of hers, whole or cut, and two a slogan said again
    soon."""
    now = open_store(tmp_path)
    feed(now, UNIVERSE[:9])
    right = dump(now)
    count_one_by_one(now)
    engine = open_engine(address)
    with engine.begin() as connection:
        upgrade(connection, "0007")
        for table in (
            metadata.tables[name] for name in sa.inspect(connection).get_table_names() if name in right
        ):
            names = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
            stored = [{name: row[name] for name in row.keys() & names} for row in rows(now, table.name)]
            if stored:
                connection.execute(sa.insert(table), stored)
    engine.dispose()
    now.close()
    store = Store(address, "onrecord-aggregate")
    with store.engine.connect() as connection:
        told = sa.text("SELECT quotes, articles FROM actors WHERE actor_id = 'person:ida-holm'")
        assert tuple(connection.execute(told).one()) == (8, 8)
    store.migrate()
    holm = next(row for row in rows(store, "actors") if row["actor_id"] == "person:ida-holm")
    assert (holm["quotes"], holm["articles"], holm["outlets"]) == (5, 8, 2)
    assert dump(store) == right
    store.close()


def upgrade(connection: sa.Connection, release: str) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, release)
