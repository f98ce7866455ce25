"""What ingest takes, every later stage takes: the bounds of the events and of the database are kept at the
door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Article, Document, Event
from services.aggregate.changes import change_of
from services.aggregate.store import Store
from services.chassis.cloudevents import decode, encode
from services.chassis.log.types import Record
from services.extract.extract import Extractor
from services.ingest.readers import Limits, Offer
from services.ingest.readers.items import Arrival, Unreadable, from_fields
from tests.support.arrivals import NOW
from tests.support.record import PARTITION, open_store

ARRIVAL = Arrival("push", "push", "push", NOW)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("door"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    # a withdrawn article's document is made without the model, of the same fields
    with Extractor(SimpleNamespace(model_sha256="a" * 64)) as made:
        yield made


def around(limit: int) -> st.SearchStrategy[str]:
    """Texts about as long as a limit, of characters of one to four bytes."""
    lengths = st.sampled_from([1, limit // 4, limit // 3, limit // 2, limit - 1, limit, limit + 1])
    return st.builds(
        lambda character, length: character * length, st.sampled_from("aé€𝔘\x00\x7f\u202e\ud800 "), lengths
    )


FIELDS = st.fixed_dictionaries(
    {"content": st.just(""), "status": st.just("withdrawn")},
    optional={
        "article_id": around(512),
        "url": around(2048).map(lambda path: "https://example.org/" + path),
        "outlet": around(256),
        "title": around(1024),
        "authors": st.lists(around(300), max_size=70),
        "language": around(35) | st.just("zh-Hant-TW"),
        "published_at": st.sampled_from(
            [
                "0001-01-01T00:00:00Z",
                "0001-01-01T00:00:00+14:00",
                "9999-12-31T23:59:59-00:01",
                "9999-12-31T23:59:59.999999Z",
                "-1",
                1e11,
            ]
        ),
        "revision": st.sampled_from([0, 1, 2**31 - 2, 2**31 - 1, 2**31, 2**63, 2**64, True, 1.0, "3"]),
    },
)


@given(fields=FIELDS)
def test_what_the_door_takes_every_later_stage_takes(
    store: Store, extractor: Extractor, fields: dict[str, object]
) -> None:
    try:
        offer = from_fields(ARRIVAL, json.loads(json.dumps(fields)), b"", Limits(1_000))
    except Unreadable:
        return
    assert isinstance(offer, Offer)
    article = decode(on_the_log(offer.article), Article).event
    assert article == offer.article
    document = decode(on_the_log(extractor.extract(article).document), Document).event
    position = store.positions().get(PARTITION)
    at = position.offset if position else 0
    store.apply([change_of(document)], {PARTITION: at} if position else {}, {PARTITION: at + 1})


def on_the_log(event: Event) -> Record:
    message = encode(event, source="/test")
    return Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)


def test_an_id_that_is_no_index_key_is_refused_by_name() -> None:
    with pytest.raises(Unreadable, match=r"article_id: .*longer than 512 bytes"):
        from_fields(ARRIVAL, {"article_id": "é" * 257, "content": "Words."}, b"", Limits(1_000))
    assert (
        from_fields(
            ARRIVAL, {"article_id": "é" * 256, "content": "Words."}, b"", Limits(1_000)
        ).article.article_id
        == "é" * 256
    )
