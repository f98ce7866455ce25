"""The golden fixtures: what producers of each released version of the contract wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.events import EVENTS, Event
from schemas.export import FIXTURES_FOLDER
from services.chassis.log.types import Record

BY_NAME = {event.schema_name: event for event in EVENTS}


@dataclass(frozen=True, slots=True)
class Golden:
    """One fixture, with the record it makes."""

    path: Path
    event: type[Event]
    headers: dict[str, str]
    key: str
    value: Any

    @property
    def wire(self) -> bytes:
        return json.dumps(self.value, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def record(self) -> Record:
        headers = tuple((name, value.encode()) for name, value in self.headers.items())
        return Record(self.event.topic, 0, 0, 0, self.key.encode(), self.wire, headers)


def load() -> list[Golden]:
    """Every fixture of every version."""
    found = []
    for path in sorted(FIXTURES_FOLDER.glob("v*/*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        event = BY_NAME[f"{path.name.partition('.')[0]}.{path.parent.name}"]
        found.append(Golden(path, event, raw["headers"], raw["key"], raw["value"]))
    return found


GOLDEN = load()
NAMES = [f"{golden.path.parent.name}/{golden.path.stem}" for golden in GOLDEN]
