"""A large record, written straight into its tables: what aggregate would have made of many articles."""

from __future__ import annotations

from schemas.relational import documents, statements
from services.aggregate.changes import change_of
from services.aggregate.store import Store
from services.aggregate.store.bulk import upsert
from tests.support.reading import LEE, fill
from tests.support.stories import Said, story

PER_ARTICLE = 50


def fill_many(address: str, count: int) -> None:
    """``count`` statements of Ana Lee, 50 an article, copied from one that aggregate took."""
    text = "“The bridge will reopen in May, and nobody will be hurt,” Ana Lee said. " * 40
    events = story(
        "art-0", text, [Said("Ana Lee", "The bridge will reopen in May, and nobody will be hurt,")]
    )
    fill(address, events)
    document, quote = (dict(change_of(event).row) for event in events)
    quote |= {"on_record": True, "actor_id": LEE}
    store = Store(address, "test")
    with store.engine.begin() as connection:
        for article in range(1, count // PER_ARTICLE + 1):
            name = f"art-{article}"
            upsert(connection, documents, [{**document, "article_id": name, "document_id": name}])
            rows = [
                {
                    **quote,
                    "article_id": name,
                    "statement_id": f"quote-{article}-{number}",
                    "sort_at": quote["sort_at"] + article,
                }
                for number in range(PER_ARTICLE)
            ]
            upsert(connection, statements, rows)
    store.close()
