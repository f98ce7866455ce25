"""A reader's view for tests: the application over a database, without a network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fastapi.testclient import TestClient

from schemas.events import ActorKind, ClaimKind, Decision, Stance
from services.aggregate.store import Store
from services.chassis.metrics import Metrics
from services.chassis.settings import QuerySettings
from services.query.app import create_app
from services.query.database import Database
from tests.support.record import feed
from tests.support.statements import Event
from tests.support.stories import Said, story

HOSTILE_WORDS = "<script>alert('x')</script> \u202etxet siht esrever\u202c & \x07 bell <b>bold</b>"
HOSTILE_ID = "art/../hostile?<i>#1"
LEE = "person:ana-lee"


def at(year: int, month: int, day: int, hour: int = 9) -> dt.datetime:
    """A moment in UTC."""
    return dt.datetime(year, month, day, hour, 30, tzinfo=dt.UTC)


def sample() -> list[Event]:
    """Some articles: overlaps, an undated one, a hostile one, letters outside Latin, a withdrawn one, an old
    revision."""
    bridge = (
        "“The bridge will reopen in May, and nobody will be hurt,” Ana Lee said. “It is safe.” Later Owen"
        " Brandt denied that the bridge is safe."
    )
    return [
        *story(
            "art-bridge", bridge,
            [
                Said("Ana Lee", ["The bridge will reopen in May, and nobody will be hurt,", "It is safe."], stance=Stance.PROMISE),
                Said("Ana Lee", "The bridge will reopen in May", ClaimKind.QUOTED, worth=0.8),
                Said("Owen Brandt", "that the bridge is safe", ClaimKind.INDIRECT, "denied", Stance.DENY, proposition_negated=True,
                     confidence=0.6),
            ],
            title="Bridge to reopen", url="https://example.org/bridge", published_at=at(2026, 3, 1),
        ),
        *story(
            "art-budget", "“The budget was cut,” Ana Lee said on Tuesday.", [Said("Ana Lee", "The budget was cut,", confidence=0.7)],
            title="Budget", outlet="Northern Post", published_at=at(2026, 3, 3, 23),
        ),
        *story(
            "art-undated", "Najib Mahfouz (نجيب محفوظ) said that the river is low.",
            [Said("نجيب محفوظ", "that the river is low", ClaimKind.INDIRECT)], outlet=None, published_at=None, language="und",
        ),
        *story("art-official", "A senior official said “No.”", [Said("A senior official", "No.", actor=ActorKind.UNNAMED)],
               published_at=at(2026, 2, 1)),
        *story(
            HOSTILE_ID, f"A man wrote “{HOSTILE_WORDS}” on a wall.", [Said("<img src=x onerror=alert(1)>", HOSTILE_WORDS, cue="wrote")],
            title="<script>document.title='owned'</script>", outlet="\"><script>", url="javascript:alert(1)", published_at=at(2026, 1, 1),
        ),
        *story("art-quiet", "Nothing was said.", title="Quiet", published_at=at(2026, 1, 2)),
        *story("art-gone", "“I was never here,” Ana Lee said.", [Said("Ana Lee", "I was never here,")], published_at=at(2026, 3, 9)),
        *story("art-gone", "", revision=2, withdrawn=True, published_at=at(2026, 3, 9)),
        *story("art-corrected", "“It costs nothing,” Ana Lee said.", [Said("Ana Lee", "It costs nothing,")], published_at=at(2026, 2, 7)),
        *story(
            "art-corrected", "“It costs something,” Owen Brandt said.", [Said("Owen Brandt", "It costs something,")], revision=2,
            published_at=at(2026, 2, 7), title="Correction",
        ),
    ]  # fmt: skip


def fill(address: str, events: Sequence[Event | Decision]) -> None:
    """Migrate the database and apply the events, as aggregate does."""
    store = Store(address, "test")
    try:
        store.migrate()
        if events:
            feed(store, [events])
    finally:
        store.close()


@contextmanager
def reader(address: str, metrics: Metrics | None = None, **settings: int) -> Iterator[TestClient]:
    """A client of the application over the database at ``address``."""
    database = Database(address)
    app = create_app(database, QuerySettings.model_validate(settings), metrics or Metrics())
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client
    finally:
        database.close()
