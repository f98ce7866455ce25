"""Articles of several outlets that tell what was said once."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from schemas import relational
from schemas.events import Claim, ClaimKind, Quote, QuoteKind
from services.aggregate.store import Store
from services.aggregate.store.actors import apply_effect
from services.aggregate.store.appearances import SELECTED
from services.aggregate.store.articles import Effect
from tests.support.statements import Event
from tests.support.stories import Said, story

TUNNEL = "The tunnel under the river will open in March and nobody will pay for it"
SLOGAN = "We will build it"


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC) + dt.timedelta(days=number)


def told(
    article: str,
    words: str,
    *,
    on: int = 0,
    outlet: str = "Gazette",
    who: str = "Ida Holm",
    confidence: float = 0.9,
) -> list[Event]:
    """An article with one quote."""
    text = f"“{words},” {who} said."
    return story(
        article, text, [Said(who, words, confidence=confidence)], outlet=outlet, published_at=day(on)
    )


def around(
    article: str, claim: str, quote: str, *, on: int = 0, outlet: str = "Gazette", who: str = "Ida Holm"
) -> list[Event]:
    """An article with a claim and the quote that stands in it."""
    made = story(
        article, f"{who} said {claim}.", [Said(who, quote, QuoteKind.MIXED), Said(who, claim, ClaimKind.MIXED)],
        outlet=outlet, published_at=day(on),
    )  # fmt: skip
    (inner,) = (event for event in made if isinstance(event, Quote))
    return [
        event.model_copy(update={"quote_id": inner.quote_id}) if isinstance(event, Claim) else event
        for event in made
    ]


def universe() -> list[list[Event]]:
    """Wire copies, cuts, a contrary, other numbers, a slogan said again, claims around quotes, names that are
    one, and what goes again."""
    return [
        told("art-1", TUNNEL, on=2),
        told("art-2", TUNNEL, on=3, outlet="Herald"),
        told("art-3", "will open in March and nobody will pay", on=1, outlet="Herald"),
        told("art-4", "The tunnel under the river will not open in March and nobody will pay for it", on=2),
        told("art-5", TUNNEL.replace("March", "April"), on=2),
        told("art-6", TUNNEL, on=2, outlet="Tribune", who="Owen Brandt"),
        told("art-7", SLOGAN, on=0),
        told("art-8", SLOGAN, on=1, outlet="Herald"),
        told("art-9", SLOGAN, on=30),
        around("art-10", f"that {TUNNEL}", TUNNEL, on=5, outlet="Tribune"),
        around("art-11", "that the budget is so great", "so great"),
        around("art-12", "that the budget is so great", "so great", outlet="Herald", on=1),
        told("art-13", TUNNEL, on=9, who="Volodymyr Zelensky"),
        told("art-14", TUNNEL, on=8, who="Volodymyr Zelenskyy", outlet="Herald"),
        told("art-15", TUNNEL, on=2, outlet="Courier", confidence=0.3),
        story("art-2", "", revision=2, withdrawn=True),
        told("art-16", f"It is safe, and {TUNNEL}, as I have said before", on=4, outlet="Courier"),
    ]


UNIVERSE = universe()


def count_one_by_one(store: Store) -> None:
    """As if stored by a release that counted every statement by itself."""
    effect = Effect()
    with store.engine.begin() as connection:
        none = {"wording": None, "appearance_of": None, "standing": None, "shred": None}
        connection.execute(sa.update(relational.statements).values(**none))
        for table in (relational.shingles, relational.tallies):
            connection.execute(sa.delete(table))
        for row in connection.execute(SELECTED.where(relational.statements.c.on_record)):
            effect.count(row._asdict(), row.actor_id, +1)
        apply_effect(connection, effect)
