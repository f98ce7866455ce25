"""One filled database per engine for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.support.reading import fill, reader, sample


@pytest.fixture(scope="session")
def record_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a SQLite record with the sample in it."""
    path: Path = tmp_path_factory.mktemp("record") / "record #1?.db"
    address = f"sqlite:///{path}"
    fill(address, sample())
    return address


@pytest.fixture(scope="session")
def postgres_record_address(postgres_server: str) -> str:
    """The address of a PostgreSQL record with the sample in it."""
    base = f"postgresql+pg8000://onrecord@{postgres_server}"
    engine = sa.create_engine(f"{base}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE reading")
    engine.dispose()
    fill(f"{base}/reading", sample())
    return f"{base}/reading"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest) -> str:
    """The address of the sample's record, on each engine."""
    found: str = request.getfixturevalue(
        "record_address" if request.param == "sqlite" else "postgres_record_address"
    )
    return found


@pytest.fixture
def client(record_address: str) -> Iterator[TestClient]:
    """A client of the sample."""
    with reader(record_address) as found:
        yield found
