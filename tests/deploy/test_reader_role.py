"""``deploy/postgres/reader.sql`` on a real PostgreSQL: a role that reads everything and changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from schemas import relational
from services.aggregate.store import Store
from services.query.database import NOT_ALLOWED, Database
from tests.support.compose import DEPLOY
from tests.support.reader_role import not_denied

pytestmark = pytest.mark.postgres

SCRIPT = DEPLOY / "postgres" / "reader.sql"


def run(owner: URL, password: Path) -> None:
    psql = shutil.which("psql")
    if psql is None:
        message = "psql is missing: install Debian's package `postgresql-client`"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    address = owner.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [psql, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-f", str(SCRIPT), address]
    subprocess.run(
        command, env={**os.environ, "READER_PASSWORD_FILE": str(password)}, check=True, capture_output=True
    )


@pytest.mark.parametrize("first", ["role", "tables"])
def test_it_reads_every_table_and_changes_none(postgres_url: str, tmp_path: Path, first: str) -> None:
    password = tmp_path / "password"
    password.write_text("it's a password")
    owner = make_url(postgres_url)

    def make_role() -> None:
        for _ in range(2):  # running it again does no harm
            run(owner, password)

    def make_tables() -> None:
        store = Store(postgres_url, "group")
        store.migrate()
        store.close()

    # neither is done again afterwards: tables that come later must be readable by what the role was given
    # before
    for make in (make_role, make_tables) if first == "role" else (make_tables, make_role):
        make()
    reader = sa.create_engine(owner.set(username="onrecord_reader", password=password.read_text()))
    with reader.connect() as connection:
        for table in relational.metadata.sorted_tables:
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() >= 0
    assert not_denied(reader) == []
    reader.dispose()


def test_a_role_without_rights_is_told_what_it_lacks(postgres_url: str, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    owner = make_url(postgres_url)
    run(owner, password)
    store = Store(postgres_url, "group")
    store.migrate()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM onrecord_reader")
    store.close()
    record = Database(owner.set(username="onrecord_reader").render_as_string(hide_password=False))
    assert record.check() == [NOT_ALLOWED]
    record.close()


def test_the_owner_would_be_noticed(postgres_url: str) -> None:
    store = Store(postgres_url, "group")
    store.migrate()
    assert "DELETE FROM statements" in not_denied(store.engine)
    store.close()
