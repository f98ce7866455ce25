from __future__ import annotations

import pytest

from services.ingest.feeds import robots
from services.ingest.feeds.robots import Robots


def test_the_origins_used_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "MAX_ORIGINS", 2)
    asked: list[str] = []

    def fetch(origin: str) -> tuple[int, bytes]:
        asked.append(origin)
        return 200, b"User-agent: *\nDisallow: /private\n"

    known = Robots("onrecord/1.0", fetch)
    for origin in ("a", "b", "a", "c", "a", "c"):
        assert not known.rules(origin).allow("https://e.org/private")
    assert asked == ["a", "b", "c"]
    assert known.rules("b").allow("https://e.org/")
    assert asked == ["a", "b", "c", "b"]
