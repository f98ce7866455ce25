"""Every error is a problem detail for programs and a page for people, and says what to do."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html

from services.chassis.errors import SettingsError
from services.query import database as database_module
from services.query.database import Database
from tests.support.reading import LEE, fill, reader, sample


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["type"].startswith("urn:onrecord:problem:")
    assert {"title", "detail", "instance"} <= found.keys()
    return found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/actors/person:nobody", "No actor 'person:nobody'"),
        ("/v1/actors/person:nobody/statements", "No actor"),
        ("/v1/statements/quote-x", "No statement 'quote-x'"),
        ("/v1/articles/art-x", "No article 'art-x'"),
        ("/v1/nothing", "nothing at /v1/nothing"),
        ("/nothing", "nothing at /nothing"),
        ("/static/../app.py", "nothing at"),
        ("/static/%2e%2e/app.py", "nothing at"),
    ],
)
def test_what_is_not_there(client: TestClient, path: str, words: str) -> None:
    assert words in problem(client.get(path), 404)["detail"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/actors?sort=age", "sort"),
        ("/v1/actors?kind=robot", "kind"),
        ("/v1/actors?colour=red", "colour"),
        ("/v1/actors?from=yesterday", "from"),
        ("/v1/actors?from=2026-02-30", "from"),
        ("/v1/actors?from=2026-02-02&to=2026-02-01", "query"),
        ("/v1/actors?q=a%00b", "q"),
        (f"/v1/actors?q={'x' * 201}", "q"),
        ("/v1/actors?min_statements=99999999999999999999", "min_statements"),
        (f"/v1/actors/{LEE}/statements?min_confidence=nan", "min_confidence"),
        (f"/v1/actors/{LEE}/statements?min_confidence=2", "min_confidence"),
        ("/v1/actors/a%00b", "actor_id"),
        ("/v1/articles/a%00b", "article_id"),
        ("/v1/search", "q"),
        ("/v1/search?q=%20", "q"),
    ],
)
def test_wrong_parameters_are_named(client: TestClient, path: str, parameter: str) -> None:
    found = problem(client.get(path), 422)
    assert [error["parameter"] for error in found["errors"]] == [parameter]
    assert parameter in found["detail"]


def test_extreme_dates_are_answered(client: TestClient) -> None:
    assert client.get("/v1/actors?from=0001-01-01&to=9999-12-31").json()["total"] == 4


def test_writing_is_refused(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, "/v1/actors")
        assert "Use GET." in problem(answer, 405)["detail"]
        assert "GET" in answer.headers["allow"]


def test_people_get_a_page(client: TestClient) -> None:
    answer = client.get("/actors/person:%3Cscript%3E", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    page = html.fromstring(answer.content)
    assert "No actor 'person:<script>'" in page.text_content()
    assert page.xpath("//h1/text()") == ["Not Found"]
    assert client.get("/?sort=age", headers={"accept": "text/html"}).status_code == 422


def test_no_database_yet(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    with reader(f"sqlite:///{path}") as api:
        answer = api.get("/v1/actors")
        assert "cannot be reached" in problem(answer, 503)["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert not path.exists(), "a reader makes no database"
        assert api.get("/", headers={"accept": "text/html"}).status_code == 503
        sqlite3.connect(path).close()
        path.touch()
        assert "holds no tables yet" in problem(api.get("/v1/actors"), 503)["detail"]
    path.write_bytes(b"no database at all" * 100)
    with reader(f"sqlite:///{path}") as api:
        assert "cannot be reached" in problem(api.get("/v1/actors"), 503)["detail"]


@pytest.mark.postgres
def test_postgresql_not_migrated_or_away(postgres_url: str) -> None:
    with reader(postgres_url) as api:
        assert "holds no tables yet" in problem(api.get("/v1/actors"), 503)["detail"]
    with reader(postgres_url.rpartition("/")[0] + "/missing") as api:
        assert "cannot be reached" in problem(api.get("/v1/actors"), 503)["detail"]
    with reader(postgres_url.replace("onrecord@", "nobody@")) as api:
        assert "refuses this service's login" in problem(api.get("/v1/actors"), 503)["detail"]
    with reader("postgresql+pg8000://onrecord@127.0.0.1:1/none") as api:
        found = problem(api.get("/v1/actors"), 503)
        assert "cannot be reached" in found["detail"]
        assert "127.0.0.1" not in str(found)


def test_a_record_of_the_release_before(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, sample())
    with sqlite3.connect(tmp_path / "record.db") as writer:
        writer.execute("ALTER TABLE statements DROP COLUMN check_worthiness")
    writer.close()
    with reader(address) as api:
        assert "of an older release" in problem(api.get("/v1/search", params={"q": "bridge"}), 503)["detail"]


@pytest.mark.postgres
def test_postgresql_is_read_only(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(Exception, match="read-only transaction"), database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (x int)")
    database.close()


def test_sqlite_is_read_only(record_address: str) -> None:
    database = Database(record_address)
    with pytest.raises(Exception, match=r"readonly|query_only"), database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM actors")
    database.close()


def test_a_slow_query_is_stopped(record_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "QUERY_TIMEOUT_S", 0.05)
    database = Database(record_address)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(Exception, match="took longer"), database.reading() as connection:
        connection.exec_driver_sql(endless)
    database.close()


@pytest.mark.postgres
def test_a_slow_query_is_stopped_on_postgresql(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "QUERY_TIMEOUT_S", 0.2)
    database = Database(postgres_url)
    with pytest.raises(Exception, match="took longer"), database.reading() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    database.close()


def test_a_page_is_one_state_of_the_record(record_address: str) -> None:
    database = Database(record_address)
    path = record_address.removeprefix("sqlite:///")
    with database.reading() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM actors").scalar_one()
        with sqlite3.connect(path) as writer:
            writer.execute("CREATE TABLE other (x)")
            assert (
                connection.exec_driver_sql(
                    "SELECT count(*) FROM sqlite_master WHERE name = 'other'"
                ).scalar_one()
                == 0
            )
            writer.commit()
            assert (
                connection.exec_driver_sql(
                    "SELECT count(*) FROM sqlite_master WHERE name = 'other'"
                ).scalar_one()
                == 0
            )
            writer.execute("DROP TABLE other")
        writer.close()
        assert connection.exec_driver_sql("SELECT count(*) FROM actors").scalar_one() == before
    database.close()


def test_faults_show_nothing_internal(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)

    def fails() -> None:
        raise RuntimeError("secret of the machine")

    app.add_api_route("/v1/fault", fails)
    found = problem(client.get("/v1/fault"), 500)
    assert "secret" not in str(found)
    assert "not with your request" in found["detail"]
    assert "default-src 'none'" in client.get("/v1/fault").headers["content-security-policy"]


@pytest.mark.parametrize("address", ["mysql://x/y", "nonsense", "sqlite://", "postgresql+pg8000://host"])
def test_a_wrong_address_is_a_settings_error(address: str) -> None:
    with pytest.raises(SettingsError, match="ONRECORD_STORE__URL"):
        Database(address)


def test_many_readers_at_once(client: TestClient) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.get("/v1/actors").status_code))
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 30
