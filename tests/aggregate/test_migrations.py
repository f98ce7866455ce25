"""Records that an earlier release wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from schemas.relational import metadata
from services.aggregate.store.engine import open_engine
from services.aggregate.store.migrate import configuration
from tests.support.record import open_store, rows
from tests.support.statements import actor

ANA = actor("Ana Lee").model_dump_json()


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
def test_a_record_of_an_earlier_release_keeps_its_statements(tmp_path: Path, release: str, added: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'record.db'}")
    with engine.begin() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, release)
        columns = [column.name for column in metadata.tables["statements"].columns if not column.nullable]
        numbers = ("revision", "on_record", "confidence", "sort_at")
        values = ", ".join("0" if name in numbers else ":actor" if name == "actor" else "'{}'" for name in columns)
        connection.execute(sa.text(f"INSERT INTO statements ({', '.join(columns)}) VALUES ({values})"), {"actor": ANA})
    engine.dispose()
    store = open_store(tmp_path)
    [row] = rows(store, "statements")
    assert row[added] is None
    store.close()
