"""Index and publisher together, on a real log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Article, ArticleStatus
from schemas.events.parts import MAX_INTEGER
from services.chassis.errors import (
    CommitFailed,
    LimitExceeded,
    SettingsError,
    StageStopped,
    TopicMissing,
    TransientError,
)
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.log.types import Message, Producer, Record, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import Settings, load
from services.chassis.stage.dead_letters import read_dead_letter
from services.ingest.account import Outcome
from services.ingest.publish import Publisher
from services.ingest.readers import Item, Offer, Refusal
from tests.ingest.conftest import MakeSettings
from tests.support.arrivals import arrival, items, offer

Articles = Callable[[], list[Article]]
Records = Callable[[], list[Record]]


@pytest.fixture
def publisher(context: Context) -> Iterator[Publisher]:
    with Publisher(context, "test") as publisher:
        yield publisher


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"{outcome.kind}:{outcome.why}" if outcome.kind == "duplicate" else outcome.kind
        for outcome in outcomes
    ]


def publish(publisher: Publisher, *items: Item) -> list[str]:
    return kinds(publisher.publish(items))


def other(**fields: object) -> Offer:
    return offer(**{"article_id": "art-2", "content": "The tunnel is shut."} | fields)


def test_published_once(publisher: Publisher, articles: Articles) -> None:
    assert publish(publisher, offer(), other()) == ["published", "published"]
    assert publish(publisher, other(), offer(content="The  bridge\nreopens.")) == [
        "duplicate:id",
        "duplicate:id",
    ]
    assert sorted(article.article_id for article in articles()) == ["art-1", "art-2"]


def test_once_within_a_batch(publisher: Publisher, articles: Articles) -> None:
    changed = offer(content="It stays shut.")
    assert publish(publisher, offer(), offer(), changed, changed) == [
        "published",
        "duplicate:id",
        "revised",
        "duplicate:id",
    ]
    assert [article.revision for article in articles()] == [1, 2]


def test_a_change_is_the_next_revision(publisher: Publisher, articles: Articles) -> None:
    publish(publisher, offer())
    assert publish(publisher, offer(content="It stays shut.")) == ["revised"]
    assert publish(publisher, offer(content="It stays shut.", title="Bridge")) == ["revised"]
    assert [(article.revision, article.content) for article in articles()] == [
        (1, "The bridge reopens."),
        (2, "It stays shut."),
        (3, "It stays shut."),
    ]


def test_two_versions_read_again_and_again_add_nothing(publisher: Publisher) -> None:
    versions = [offer(), offer(content="It stays shut.")]
    assert publish(publisher, *versions) == ["published", "revised"]
    assert publish(publisher, *versions) == ["duplicate:stale", "duplicate:id"]
    stale, _ = publisher.publish(versions)
    assert (
        stale.message
        == "is as revision 1 was, before revision 2 on the log; to go back, send the change as revision 3"
    )


@pytest.mark.parametrize("source", ["push", "feed"])
def test_who_says_how_an_article_is_now_may_go_back(
    publisher: Publisher, articles: Articles, source: str
) -> None:
    one, other = from_source(source, offer()), from_source(source, offer(content="It stays shut."))
    assert publish(publisher, one, other) == ["published", "revised"]
    assert publish(publisher, one, one) == ["revised", "duplicate:id"]
    assert [(article.revision, article.content) for article in articles()][-1] == (3, "The bridge reopens.")
    withdrawn = from_source(source, offer(status="withdrawn", content=""))
    assert publish(publisher, withdrawn, one) == ["revised", "revised"]
    assert [(article.revision, article.status) for article in articles()][-1] == (5, ArticleStatus.USABLE)


def from_source(source: str, item: Offer) -> Offer:
    return replace(item, arrival=replace(item.arrival, source=source))


def test_nothing_follows_the_last_revision_but_its_withdrawal(
    publisher: Publisher, articles: Articles, dead_letters: Records
) -> None:
    assert publish(publisher, offer(revision=MAX_INTEGER)) == ["published"]
    outcomes = publisher.publish(
        [offer(content="It stays shut."), from_source("push", offer(content="It sinks."))]
    )
    assert {(outcome.kind, outcome.why) for outcome in outcomes} == {("rejected", "last_revision")}
    assert "art-1 is at revision 2147483647" in outcomes[0].message
    assert "another article_id" in outcomes[0].message
    assert {read_dead_letter(record).reason for record in dead_letters()} == {"last_revision"}
    assert publish(publisher, offer(revision=MAX_INTEGER, content="It sinks.")) == ["duplicate:stale"]
    assert publish(
        publisher, offer(status="withdrawn", content=""), offer(status="withdrawn", content="")
    ) == ["revised", "duplicate:id"]
    assert [(article.revision, article.status) for article in articles()] == [
        (MAX_INTEGER, ArticleStatus.USABLE),
        (MAX_INTEGER, ArticleStatus.WITHDRAWN),
    ]


def test_an_explicit_revision_is_respected(publisher: Publisher, articles: Articles) -> None:
    assert publish(publisher, offer(revision=3)) == ["published"]
    stale = publisher.publish(
        [offer(revision=2, content="Old."), offer(revision=3, content="Other."), offer(revision=3)]
    )
    assert kinds(stale) == ["duplicate:stale", "duplicate:stale", "duplicate:id"]
    assert "send the change as revision 4" in stale[0].message
    assert publish(publisher, offer(revision=7)) == ["revised"]
    assert publish(publisher, offer(content="New.")) == ["revised"]
    assert [article.revision for article in articles()] == [3, 7, 8]


def test_the_same_text_of_one_publisher_is_one_article(publisher: Publisher) -> None:
    first = offer(url="https://example.org/1", outlet="Example")
    assert publish(publisher, first) == ["published"]
    assert publish(publisher, offer(article_id="b", url="https://www.example.org/2")) == ["duplicate:content"]
    assert publish(publisher, offer(article_id="c")) == ["duplicate:content"]
    assert publish(publisher, offer(article_id="d", url="https://syndicated.example/1")) == ["published"]


def test_text_that_an_article_no_longer_has_is_free(publisher: Publisher) -> None:
    publish(publisher, offer(), offer(content="It stays shut."))
    assert publish(publisher, offer(article_id="b")) == ["published"]


def test_withdrawal(publisher: Publisher, articles: Articles) -> None:
    gone = offer(status="withdrawn", content="")
    publish(publisher, offer())
    assert publish(publisher, gone, gone) == ["revised", "duplicate:id"]
    assert publish(publisher, offer()) == ["duplicate:stale"]
    assert [(article.revision, article.status) for article in articles()] == [
        (1, ArticleStatus.USABLE),
        (2, ArticleStatus.WITHDRAWN),
    ]
    assert publish(publisher, offer(content="Corrected.")) == ["revised"]
    assert publish(publisher, offer(article_id="b")) == ["published"]


def test_withdrawal_of_a_revision_and_of_the_unknown(publisher: Publisher) -> None:
    publish(publisher, offer(revision=2))
    assert publish(publisher, offer(revision=1, status="withdrawn", content="")) == ["duplicate:stale"]
    assert publish(publisher, offer(revision=2, status="withdrawn", content="")) == ["revised"]
    assert publish(publisher, offer(revision=2)) == ["duplicate:id"]
    assert publish(publisher, other(revision=5, status="withdrawn", content="")) == ["published"]
    assert publish(publisher, other(revision=4)) == ["duplicate:stale"]


def test_counts_one_outcome_per_item(publisher: Publisher, context: Context) -> None:
    refusal = Refusal(arrival("a.txt"), "binary", "is not text; convert it", b"\x00")
    publish(publisher, offer(), offer(), offer(content="New."), refusal)
    for outcome in ("published", "duplicate", "revised", "rejected"):
        assert value(context, "articles_ingested_total", source="file", outcome=outcome) == 1
    assert value(context, "article_size_bytes_count") == 2
    assert value(context, "duplicates_total", service="ingest", kind="id") == 1
    assert value(context, "dead_letters_total", service="ingest", stage="decode", reason="binary") == 1
    assert value(context, "events_published_total", service="ingest", topic="onrecord.articles") == 2


def value(context: Context, name: str, **labels: str) -> float | None:
    return context.metrics.registry.get_sample_value(f"onrecord_{name}", labels)


def test_events_are_cloud_events_of_one_trace(publisher: Publisher, records: Records) -> None:
    sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    publisher.publish([offer()], sender)
    (record,) = records()
    headers = dict(record.headers)
    assert record.key == b"art-1"
    assert headers["ce_type"] == b"org.onrecord.article.raw.v1"
    assert headers["ce_source"] == b"/onrecord/ingest"
    assert headers["traceparent"].split(b"-")[1] == b"0af7651916cd43dd8448eb211c80319c"


def test_refusals_become_dead_letters_once(publisher: Publisher, dead_letters: Records) -> None:
    refusal = Refusal(arrival("bad.jsonl line 3"), "not_json", "is not JSON; write JSON", b"{broken \xff")
    publish(publisher, refusal, offer())
    assert publish(publisher, refusal) == ["rejected"]
    (record,) = dead_letters()
    letter = read_dead_letter(record)
    assert (letter.value, letter.reason, letter.stage) == (b"{broken \xff", "not_json", "decode")
    assert letter.error_message == "bad.jsonl line 3: is not JSON; write JSON"
    assert dict(letter.headers)["ingest-input"] == b"bad.jsonl line 3"
    assert dict(letter.headers)["ingest-original"] == b"verbatim"
    assert letter.consumer_group == "ingest"


def test_dead_letters_of_what_was_not_kept_or_never_read(publisher: Publisher, dead_letters: Records) -> None:
    cut = Refusal(arrival("a"), "too_large", "is too large", b"beginning", cut=True)
    huge = Refusal(arrival("b"), "binary", "is not text", bytes(9_000_000))
    missing = Refusal(arrival("c"), "missing", "does not exist", b"", stage="open")
    assert publish(publisher, cut, huge, missing) == ["rejected"] * 3
    assert [(record.key, record.value) for record in dead_letters()] == [(b"a", None), (b"b", None)]
    assert [originals(record) for record in dead_letters()] == [[b"omitted"]] * 2


def originals(record: Record) -> list[bytes]:
    return [value for name, value in record.headers if name == "ingest-original"]


def test_dead_letters_say_when_their_bytes_are_written_anew(
    publisher: Publisher, dead_letters: Records
) -> None:
    array = b'[ {"content": "x", "revision": 0}, 5 ]'
    found = items("a.json", array)
    assert publish(publisher, *found) == ["rejected"] * 2
    assert [(record.value, originals(record)) for record in dead_letters()] == [
        (b'{"content":"x","revision":0}', [b"re-encoded"]),
        (b"5", [b"re-encoded"]),
    ]
    # an article that turns out too large for the topic keeps saying so
    huge = replace(offer(content="x" + "\n" * 3_400_000), original=b"small", reencoded=True)
    assert publish(publisher, huge) == ["rejected"]
    assert [(record.value, originals(record)) for record in dead_letters()[2:]] == [
        (b"small", [b"re-encoded"])
    ]


def test_an_article_larger_than_the_topic_takes_is_rejected(publisher: Publisher, articles: Articles) -> None:
    # 3.4 MB of line ends are 6.8 MB as JSON
    outcome, fine = publisher.publish([offer(content="x" + "\n" * 3_400_000), other()])
    assert (outcome.kind, outcome.why) == ("rejected", "too_large")
    assert fine.kind == "published"
    assert [article.article_id for article in articles()] == ["art-2"]


class FailingProducer:
    """Appends, or does not, and says it failed, as often as it is told."""

    def __init__(self, inner: Producer, failures: list[str]) -> None:
        self._inner = inner
        self._failures = failures

    def append(self, messages: Sequence[Message]) -> list[tuple[TopicPartition, int]]:
        if self._failures == ["limit"] and any(
            (message.topic, message.key) == (Article.topic, b"art-2") for message in messages
        ):
            raise LimitExceeded("larger than the broker takes", stage="produce", reason="too_large")
        failure = self._failures.pop(0) if self._failures and self._failures != ["limit"] else "none"
        if failure == "before":
            raise CommitFailed("broker gone", cause="test")
        places = self._inner.append(messages)
        if failure == "after":
            raise CommitFailed("outcome unknown", cause="test")
        return places

    def close(self) -> None:
        self._inner.close()


class FailingLog:
    """The real log, whose producers fail."""

    def __init__(self, inner: SqliteLog, failures: list[str]) -> None:
        self._inner = inner
        self._failures = failures

    def producer(self, client_id: str) -> FailingProducer:
        return FailingProducer(self._inner.producer(client_id), self._failures)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


@pytest.mark.parametrize("failures", [["before"], ["after"], ["before", "after"], ["after", "after"]])
def test_a_failed_append_is_retried_and_nothing_is_there_twice(
    context: Context, articles: Articles, failures: list[str]
) -> None:
    failing = replace(context, log=FailingLog(context.log, failures))  # type: ignore[arg-type]
    with Publisher(failing, "test") as publisher:
        outcomes = publisher.publish([offer(), other()])
        assert publisher.problem is None
    assert {outcome.revision for outcome in outcomes} == {1}
    assert sorted(article.article_id for article in articles()) == ["art-1", "art-2"]
    with Publisher(context, "test") as publisher:
        assert publish(publisher, offer(), other()) == ["duplicate:id", "duplicate:id"]


def test_what_was_read_in_an_attempt_that_failed_is_read_again(
    context: Context, make_settings: MakeSettings, articles: Articles
) -> None:
    """Undone with the index's transaction: else what another process has put on the log would be published a
    second time."""
    failing = replace(context, log=FailingLog(context.log, ["before"]))  # type: ignore[arg-type]
    elsewhere = replace(
        context, settings=make_settings(index_path=context.settings.ingest.index_path.with_name("other.db"))
    )
    with Publisher(failing, "test") as publisher, Publisher(elsewhere, "test") as theirs:
        assert publish(theirs, offer()) == ["published"]
        assert publish(publisher, offer(), other()) == ["duplicate:id", "published"]
    assert sorted(article.article_id for article in articles()) == ["art-1", "art-2"]


def test_a_log_out_of_reach_raises_and_adds_nothing(context: Context, articles: Articles) -> None:
    failing = replace(context, log=FailingLog(context.log, ["before"] * 3))  # type: ignore[arg-type]
    with Publisher(failing, "test") as publisher:
        with pytest.raises(CommitFailed):
            publisher.publish([offer()])
        assert publisher.problem == "broker gone"
        assert articles() == []
        assert publish(publisher, offer()) == ["published"]


def test_a_broker_tighter_than_it_says_costs_only_the_article_at_fault(
    context: Context, articles: Articles, dead_letters: Records
) -> None:
    failing = replace(context, log=FailingLog(context.log, ["limit"]))  # type: ignore[arg-type]
    with Publisher(failing, "test") as publisher:
        assert publish(publisher, offer(), other(), offer(article_id="art-3", content="Third.")) == [
            "published",
            "rejected",
            "published",
        ]
    assert sorted(article.article_id for article in articles()) == ["art-1", "art-3"]
    assert [(record.key, record.value) for record in dead_letters()] == [(b"art-2", None)]


def test_a_stop_ends_the_waiting(context: Context) -> None:
    failing = replace(context, log=FailingLog(context.log, ["before"] * 3))  # type: ignore[arg-type]
    context.stop.set()
    with Publisher(failing, "test") as publisher, pytest.raises(StageStopped):
        publisher.publish([offer()])


def test_the_index_is_made_anew_from_the_log(context: Context, articles: Articles) -> None:
    index = context.settings.ingest.index_path
    with Publisher(context, "test") as publisher:
        publish(publisher, offer(), other(), offer(content="It stays shut."))
    for path in index.parent.glob(f"{index.name}*"):
        path.unlink()
    with Publisher(context, "test") as publisher:
        expected = ["duplicate:stale", "duplicate:id", "duplicate:id"]
        assert publish(publisher, offer(), other(), offer(content="It stays shut.")) == expected
    assert len(articles()) == 3


def test_an_index_of_the_release_before_goes_on(context: Context) -> None:
    with Publisher(context, "test") as publisher:
        publish(publisher, offer(), other())
        publisher.index.first_refusal("seen")
    with closing(sqlite3.connect(context.settings.ingest.index_path)) as db:
        db.executescript(
            "ALTER TABLE positions DROP COLUMN topic_id; ALTER TABLE positions RENAME COLUMN mark TO"
            " last_sha256"
        )
        db.execute("UPDATE positions SET last_sha256 = 'as it was'")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    with Publisher(context, "test") as publisher:
        assert publish(publisher, offer(), other(), offer(content="It stays shut.")) == [
            "duplicate:id",
            "duplicate:id",
            "revised",
        ]
        assert not publisher.index.first_refusal("seen"), "what is no view of the log is kept"


def test_what_another_process_appended_is_seen(context: Context) -> None:
    with (
        Publisher(context, "one") as one,
        Publisher(replace(context, settings=elsewhere(context)), "two") as two,
    ):
        assert publish(one, offer()) == ["published"]
        assert publish(two, offer(), other()) == ["duplicate:id", "published"]
        assert publish(one, other(), offer(content="It stays shut.")) == ["duplicate:id", "revised"]


def elsewhere(context: Context) -> Settings:
    ingest = context.settings.ingest
    return context.settings.model_copy(
        update={"ingest": ingest.model_copy(update={"index_path": ingest.index_path.with_name("other.db")})}
    )


@pytest.mark.parametrize("others", [0, 1, 5])
def test_another_log_makes_the_index_anew(context: Context, tmp_path: Path, others: int) -> None:
    with Publisher(context, "test") as publisher:
        publish(publisher, offer())
    with SqliteLog(tmp_path / "new.db") as log:
        log.create_topics(declared(3))
        fresh = replace(context, log=log)
        if others:
            with Publisher(replace(fresh, settings=elsewhere(context)), "test") as publisher:
                publish(
                    publisher,
                    *(other(article_id=f"other-{n}", content=f"Story {n}") for n in range(10 * others)),
                )
        with Publisher(fresh, "test") as publisher:
            assert publish(publisher, offer()) == ["published"]
    assert (
        context.metrics.registry.get_sample_value("onrecord_positions_forgotten_total", {"service": "ingest"})
        == 1
    )


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_a_log_restored_from_a_copy_makes_the_index_anew(
    context: Context, tmp_path: Path, extra: int
) -> None:
    """The copy has the old one's id; it is shorter, as long, or longer."""
    with Publisher(context, "test") as publisher:
        publish(publisher, other())
    with (
        closing(sqlite3.connect(context.settings.log.path)) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)
    with Publisher(context, "test") as publisher:
        publish(publisher, offer())
    with SqliteLog(tmp_path / "copy.db") as log:
        fresh = replace(context, log=log)
        if extra:
            with Publisher(replace(fresh, settings=elsewhere(context)), "test") as publisher:
                publish(publisher, *(offer(content=f"Story {n}", title="Other") for n in range(extra)))
        with Publisher(fresh, "test") as publisher:
            assert publish(publisher, other(), from_source("push", offer())) == [
                "duplicate:id",
                "revised" if extra else "published",
            ]


def test_a_topic_made_anew_under_a_running_ingest_is_noticed(context: Context) -> None:
    """On Kafka that is one command; on SQLite the file would have to be changed by hand."""
    with Publisher(context, "test") as publisher:
        publish(publisher, offer())
        with closing(sqlite3.connect(context.settings.log.path)) as db:
            db.execute("DELETE FROM record")
            db.execute("UPDATE topic SET identity = 'another' WHERE name = ?", (Article.topic,))
            db.commit()
        assert publish(publisher, offer()) == ["published"]


def test_records_that_are_no_articles_are_passed_over(context: Context) -> None:
    with context.log.producer("other") as producer:
        producer.append([Message(Article.topic, b"k", b"garbage"), Message(Article.topic, b"k", None)])
        plain = offer().article.as_dict() | {"field_of_a_newer_version": 1}
        producer.append([Message(Article.topic, b"art-1", json.dumps(plain).encode())])
    with Publisher(context, "test") as publisher:
        assert publish(publisher, offer(), other()) == ["duplicate:id", "published"]


def test_missing_topics_are_named(context: Context, tmp_path: Path) -> None:
    with (
        SqliteLog(tmp_path / "empty.db") as log,
        Publisher(replace(context, log=log), "test") as publisher,
        pytest.raises(TopicMissing, match="onrecord topics create"),
    ):
        publisher.publish([offer()])


def test_an_index_that_cannot_be_used_is_a_settings_error(context: Context) -> None:
    context.settings.ingest.index_path.write_bytes(
        b"not a database, but long enough to be looked at as one" * 50
    )
    with pytest.raises(SettingsError, match="ONRECORD_INGEST__INDEX_PATH"):
        Publisher(context, "test")


changes = st.fixed_dictionaries(
    {
        "article_id": st.sampled_from(["a", "b"]),
        "content": st.sampled_from(["One.", "Two."]),
        "status": st.sampled_from(["usable", "usable", "withdrawn"]),
    },
    optional={"revision": st.integers(1, 4) | st.integers(MAX_INTEGER - 1, MAX_INTEGER)},
)
sources = st.sampled_from(["file", "push"])


@settings(max_examples=30)  # each opens a dozen databases
@given(sequence=st.lists(st.tuples(changes, sources), max_size=12), cuts=st.sets(st.integers(0, 12)))
def test_any_sequence_is_decided_alike_in_any_batches_and_after_any_restart(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[dict[str, object], str]], cuts: set[int]
) -> None:
    items = [from_source(source, offer(**change)) for change, source in sequence]
    folder = tmp_path_factory.mktemp("any")

    def run(name: str, restart_at: set[int]) -> tuple[list[Outcome], list[bytes | None]]:
        ours = load(log={"path": folder / f"{name}.db"}, ingest={"index_path": folder / f"{name}-index.db"})
        outcomes: list[Outcome] = []
        with SqliteLog(folder / f"{name}.db") as log:
            log.create_topics(declared(1))
            bounds = sorted({0, len(items), *(cut for cut in restart_at if cut < len(items))})
            for start, end in pairwise(bounds):
                (folder / f"{name}-index.db").unlink(missing_ok=True)
                with Publisher(Context(ours, log, Metrics()), "test") as publisher:
                    outcomes += publisher.publish(items[start:end])
            return outcomes, [record.value for record in log.read(Article.topic, 0)]

    outcomes, values = run("whole", set())
    assert (outcomes, values) == run("cut", cuts)
    articles = [Article.read(value) for value in values if value]
    assert len({(a.article_id, a.revision, a.status) for a in articles}) == len(articles)
    for article_id in ("a", "b"):
        revisions = [a.revision for a in articles if a.article_id == article_id]
        assert revisions == sorted(revisions)
        assert all(revision <= MAX_INTEGER for revision in revisions)


def test_an_index_held_by_another_process_is_transient(
    context: Context, articles: Articles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.index._BUSY_S", 0.01)
    with Publisher(context, "test") as publisher:
        holder = sqlite3.connect(context.settings.ingest.index_path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError, match="locked"):
            publisher.publish([offer()])
        holder.execute("ROLLBACK")
        holder.close()
        assert publish(publisher, offer()) == ["published"]
