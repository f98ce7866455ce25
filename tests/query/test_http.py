"""Validators, HEAD and figures."""

from __future__ import annotations

from fastapi.testclient import TestClient

from services.chassis.metrics import Metrics
from tests.support.reading import LEE, reader


def test_an_unchanged_answer_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/v1/actors")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/v1/actors", headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-security-policy" in again.headers
    assert client.get("/v1/actors?limit=1").headers["etag"] != first.headers["etag"]
    assert client.get("/v1/actors", headers={"if-none-match": '"other"'}).status_code == 200


def test_head_is_get_without_the_body(client: TestClient) -> None:
    for path in ("/v1/actors", "/", "/static/style.css", "/v1/nothing"):
        whole, head = client.get(path), client.head(path)
        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers.get("etag") == whole.headers.get("etag")


def test_requests_are_counted_by_route_and_class(record_address: str) -> None:
    metrics = Metrics()
    with reader(record_address, metrics) as client:
        for path in (
            f"/v1/actors/{LEE}",
            "/v1/actors/person:nobody",
            "/actors/x",
            "/static/style.css",
            "/static/none",
            "/a",
            "/b",
            "/v1/search",
        ):
            client.get(path)
        client.head("/articles")

    def count(route: str, status: str) -> float | None:
        return metrics.registry.get_sample_value(
            "onrecord_http_requests_total", {"route": route, "status": status}
        )

    assert count("/v1/actors/{actor_id}", "2xx") == 1
    assert count("/v1/actors/{actor_id}", "4xx") == 1
    assert count("/actors/{actor_id}", "4xx") == 1
    assert count("/static", "2xx") == count("/static", "4xx") == 1
    assert count("/articles", "2xx") == 1
    assert count("unmatched", "4xx") == 2
    assert count("/v1/search", "4xx") == 1
    assert (
        metrics.registry.get_sample_value(
            "onrecord_http_request_duration_seconds_count", {"route": "unmatched"}
        )
        == 2
    )
