"""Second-hand statements on record: their own speaker's, told apart, whatever order they come in."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Claim, Quote
from tests.support.record import clear, dump, feed, open_store, published, rows
from tests.support.statements import Event, actor, make

ANA, BO, CY = actor("Ana Lee"), actor("Bo Chen"), actor("Cy Dorn")


def chain(article: str = "art-1", revision: int = 1) -> list[Event]:
    """A quote of Ana's, in it a claim of Bo's, in that one of Cy's."""
    made = make(article, revision=revision, speakers=(ANA,), claimants=(BO, CY))
    quote, first, second = made.statements
    return [
        made.document,
        quote,
        first.model_copy(update={"within": quote.event_id}),
        second.model_copy(update={"within": first.event_id}),
    ]


def test_an_inner_statement_counts_for_its_own_speaker_and_names_the_one_around_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    events = chain()
    feed(store, [events])
    records = published(store)
    for speaker, counts in ((ANA, (1, 0)), (BO, (0, 1)), (CY, (0, 1))):
        record = records[speaker.actor_id]
        assert record is not None
        assert (record.counts.quotes, record.counts.claims) == counts
    _, quote, first, second = events
    within = {row["statement_id"]: row["within"] for row in rows(store, "statements")}
    assert within == {quote.event_id: None, first.event_id: quote.event_id, second.event_id: first.event_id}
    latest = {actor_id: record.latest[0].within for actor_id, record in records.items() if record is not None}
    assert latest == {ANA.actor_id: None, BO.actor_id: quote.event_id, CY.actor_id: first.event_id}
    store.close()


def test_every_order_of_arrival_gives_the_same_record(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    wanted = None
    for order in permutations(chain()):
        clear(store)
        feed(store, [[event] for event in order])
        wanted = wanted or dump(store)
        assert dump(store) == wanted
    store.close()


@settings(max_examples=30)
@given(data=st.data())
def test_replays_and_revisions_in_any_order_leave_only_the_current_chain(
    tmp_path: Path, data: st.DataObject
) -> None:
    old, new = chain(), chain(revision=2)
    order = data.draw(
        st.permutations([*old, *new, *data.draw(st.lists(st.sampled_from([*old, *new]), max_size=4))])
    )
    store = open_store(tmp_path)
    clear(store)
    feed(store, [[event] for event in order])
    on_record = {row["statement_id"]: row["within"] for row in rows(store, "statements") if row["on_record"]}
    assert on_record == {event.event_id: event.within for event in new if isinstance(event, Quote | Claim)}
    assert all(holder is None or holder in on_record for holder in on_record.values())
    store.close()
