"""The typed table of every metric of onrecord, and the bound of every label.

Code (:mod:`services.chassis.metrics`), documentation (``docs/metrics.md``), dashboards and alerts are made
from or checked against :data:`TABLE`. A label must be in :data:`BOUNDS`, where the bound on its values is
stated: never an actor, an address or an outlet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.events import ClaimKind, DecisionKind, Outcome, QuoteKind
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP, READ
from services.chassis.metric_values import CAUSES, DEAD_LETTERS, IDENTIFIED, PUBLISHED, PUSH_STATUSES, SKIPPED

PREFIX = "onrecord_"

Kind = Literal["counter", "gauge", "histogram"]

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: from one SQLite transaction to the longest page extraction."""
AGE = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
"""Seconds from an article coming in to its statements being on record; 60 s is the freshness objective."""
BYTES = (1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)
RATIO = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)

STAGES = ("extract", "aggregate")
WRITERS = ("ingest", *STAGES)
EVERY = (*WRITERS, "query", "lag")

BOUNDS: Mapping[str, str] = {
    "cause": "class of error, from the client's list of causes",
    "dependency": "log, database, index",
    "error": "class of error, from the client's list of causes",
    "format": "fixed list",
    "group": "consumer groups declared in `services/chassis/log/groups.py`",
    "kind": "fixed list",
    "name": "one per process: the loaded model",
    "outcome": "fixed list",
    "partition": "partitions of the declared topics that this process reads; series of others are removed",
    "reason": (
        "fixed lists of labels, `services/chassis/metric_values.py`, and of links"
        " `services/aggregate/identity/linking.py`"
    ),
    "revision": "one per process: the source revision of the build",
    "route": "route templates of the API, never a path",
    "schema_version": "one per process",
    "service": (
        "the services: ingest, extract, aggregate, query, lag; in `build_info` also run and other commands"
    ),
    "sha256": "one per process: the loaded model",
    "source": "push, feed, file, stdin, archive",
    "stage": "fixed list",
    "status": "HTTP status codes the program answers with, or their classes",
    "table": "tables of the record's schema",
    "topic": "topics declared in `services/chassis/log/topics.py`",
    "type": "quote, claim",
    "version": "one per process",
}
"""Every label there may be, and what bounds its values."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. ``name`` has neither prefix nor ``_total``.

    ``by`` names the services that expose it. A counter or histogram whose labels but ``service`` are all in
    ``values`` is exposed from the start with every combination of them, so that ``rate()`` sees its first
    increment; ``series`` lists label values, in the order of ``labels`` without ``service``, for each service
    where the combinations differ.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    buckets: tuple[float, ...] = ()
    by: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    series: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    @property
    def exposed(self) -> str:
        """The name as Prometheus shows it."""
        return (
            PREFIX
            + self.name
            + (f"_{self.unit}" if self.unit else "")
            + ("_total" if self.kind == "counter" else "")
        )


TABLE: tuple[Metric, ...] = (
    Metric(
        "build_info",
        "gauge",
        "Constant 1, labelled with what is running: release, source revision and version of the event"
        " schemas.",
        ("version", "service", "revision", "schema_version"),
        by=EVERY,
    ),
    Metric(
        "model_info",
        "gauge",
        "Constant 1, labelled with the extraction model in use.",
        ("name", "version", "sha256"),
        by=("extract",),
    ),
    # the flow of records through a stage's loop
    Metric(
        "records_consumed",
        "counter",
        "Records read from the log, whatever became of them; replays count again.",
        ("service", "topic"),
        by=STAGES,
        series={
            "extract": tuple((topic,) for topic in READ[EXTRACT_GROUP]),
            "aggregate": tuple((t,) for t in READ[AGGREGATE_GROUP]),
        },
    ),
    Metric(
        "articles_processed",
        "counter",
        "Articles finished by this service, exactly one outcome each, counted after the commit.",
        ("service", "outcome"),
        by=STAGES,
        values={"outcome": (*(outcome.value for outcome in Outcome), "dead_lettered")},
    ),
    Metric(
        "events_published",
        "counter",
        "Events committed to the log.",
        ("service", "topic"),
        by=("ingest", "extract"),
        series=PUBLISHED,
    ),
    Metric(
        "publish_failures",
        "counter",
        "Transactions of the log that it refused, or whose answer was lost, by class of error.",
        ("service", "error"),
        by=WRITERS,
        values={"error": (*CAUSES, "too_large", "fenced", "busy", "disk_full", "io", "read_only", "memory")},
    ),
    Metric(
        "dead_letters",
        "counter",
        "Records committed to a dead-letter topic.",
        ("service", "stage", "reason"),
        by=WRITERS,
        series=DEAD_LETTERS,
    ),
    Metric("retries", "counter", "Tries of a record after a transient error.", ("service",), by=WRITERS),
    Metric(
        "duplicates",
        "counter",
        "Articles seen before and left out: same id, same text, or older than what is on the log.",
        ("service", "kind"),
        by=("ingest",),
        values={"kind": ("id", "content", "stale")},
    ),
    Metric(
        "transactions",
        "counter",
        "Transactions by outcome: committed or failed.",
        ("service", "outcome"),
        by=WRITERS,
        values={"outcome": ("committed", "failed")},
    ),
    Metric(
        "transaction_duration",
        "histogram",
        "Duration of one transaction, from begin to commit.",
        ("service",),
        "seconds",
        FAST,
        WRITERS,
    ),
    Metric(
        "producer_rebuilds",
        "counter",
        "Transactional producers discarded and rebuilt, by cause; on Kafka only.",
        ("service", "cause"),
        by=WRITERS,
        values={"cause": (*CAUSES, "asked")},
    ),
    Metric(
        "rebalances",
        "counter",
        "Partitions assigned, revoked or lost; on Kafka only.",
        ("service", "kind"),
        by=STAGES,
        values={"kind": ("assigned", "revoked", "lost")},
    ),
    Metric(
        "positions_forgotten",
        "counter",
        "Partitions read again from their beginning, because the log is not the one that their position was"
        " made from.",
        ("service",),
        by=WRITERS,
    ),
    Metric(
        "consumer_lag_records",
        "gauge",
        "Records between the read position and the end of the partition.",
        ("service", "topic", "partition"),
        by=STAGES,
    ),
    Metric(
        "consumer_lag",
        "gauge",
        "Age of the record last read, 0 when caught up.",
        ("service",),
        "seconds",
        by=STAGES,
    ),
    Metric(
        "last_progress_timestamp",
        "gauge",
        "Unix time of the last committed batch (lag: of the last measurement), at first of the start.",
        ("service",),
        "seconds",
        by=(*WRITERS, "lag"),
    ),
    Metric(
        "loop_turn_timestamp",
        "gauge",
        "Unix time of the loop's last turn, idle or not.",
        ("service",),
        "seconds",
        by=(*STAGES, "lag"),
    ),
    Metric(
        "last_answer_timestamp",
        "gauge",
        "Unix time when the log, the database or ingest's index last answered; `/readyz` fails 30 s later.",
        ("service", "dependency"),
        "seconds",
        by=(*WRITERS, "lag"),
    ),
    Metric(
        "clock_skew",
        "counter",
        "Events dated more than 5 s after this process's clock.",
        ("service",),
        by=STAGES,
    ),
    Metric(
        "in_flight",
        "gauge",
        "Records read (ingest: articles offered) and not yet committed.",
        ("service",),
        by=WRITERS,
    ),
    Metric(
        "backpressure",
        "counter",
        "Time spent waiting to retry while the source was held back.",
        ("service",),
        "seconds",
        by=WRITERS,
    ),
    # ingest
    Metric(
        "articles_ingested",
        "counter",
        "Articles offered, by outcome: published, duplicate, revised, rejected, skipped.",
        ("source", "outcome"),
        by=("ingest",),
        values={
            "source": ("push", "feed"),
            "outcome": ("published", "duplicate", "revised", "rejected", "skipped"),
        },
    ),
    Metric(
        "pages_skipped",
        "counter",
        "Pages, and records of archives, that are no articles and were passed over, by reason: the kind of"
        " page, or the answer.",
        ("reason",),
        by=("ingest",),
        values={"reason": tuple(SKIPPED)},
    ),
    Metric("article_size", "histogram", "Size of an article's raw content.", (), "bytes", BYTES, ("ingest",)),
    Metric(
        "feed_polls",
        "counter",
        "Feed polls by outcome: changed, unchanged, refused, failed.",
        ("outcome",),
        by=("ingest",),
        values={"outcome": ("changed", "unchanged", "refused", "failed")},
    ),
    Metric(
        "push_requests",
        "counter",
        "Push requests by HTTP status.",
        ("status",),
        by=("ingest",),
        values={"status": PUSH_STATUSES},
    ),
    # extract
    Metric(
        "stage_duration",
        "histogram",
        "Duration of one step of extraction.",
        ("stage",),
        "seconds",
        FAST,
        ("extract",),
        {"stage": ("text", "tag", "attribute", "resolve", "state")},
    ),
    Metric(
        "extraction_duration",
        "histogram",
        "Duration of one whole extraction.",
        (),
        "seconds",
        FAST,
        ("extract",),
    ),
    Metric("tokens", "counter", "Word pieces the tagger read.", by=("extract",)),
    Metric(
        "quotes_extracted",
        "counter",
        "Quotes committed, by kind.",
        ("kind",),
        by=("extract",),
        values={"kind": tuple(kind.value for kind in QuoteKind)},
    ),
    Metric(
        "claims_extracted",
        "counter",
        "Claims committed, by kind.",
        ("kind",),
        by=("extract",),
        values={"kind": tuple(kind.value for kind in ClaimKind)},
    ),
    Metric(
        "statement_confidence",
        "histogram",
        "Confidence of committed quotes and claims.",
        ("type",),
        "ratio",
        RATIO,
        ("extract",),
        {"type": ("quote", "claim")},
    ),
    # aggregate
    Metric(
        "store_transaction_duration",
        "histogram",
        "Duration of one transaction of the record's database.",
        (),
        "seconds",
        FAST,
        ("aggregate",),
    ),
    Metric(
        "store_errors",
        "counter",
        "Failed transactions of the record's database, by kind.",
        ("kind",),
        by=("aggregate",),
        values={"kind": ("connection", "timeout", "integrity", "other")},
    ),
    Metric(
        "store_rows",
        "counter",
        "Rows of the record written, by table.",
        ("table",),
        by=("aggregate",),
        values={
            "table": ("documents", "statements", "actors", "tallies", "trail", "source_hours", "decisions")
        },
    ),
    Metric(
        "actor_records_published",
        "counter",
        "Actor records published to the compacted topic.",
        by=("aggregate",),
    ),
    Metric(
        "actor_records_too_large",
        "counter",
        "Actor records above what their topic takes: published shortened, or left out because not even that"
        " fits.",
        ("outcome",),
        by=("aggregate",),
        values={"outcome": ("shortened", "left_out")},
    ),
    Metric(
        "event_age",
        "histogram",
        "From an article coming in to its document being on record.",
        (),
        "seconds",
        AGE,
        ("aggregate",),
    ),
    Metric(
        "record_entries",
        "gauge",
        "What is on record: actors, quotes, claims, articles and outlets.",
        ("kind",),
        by=("aggregate",),
    ),
    Metric(
        "decisions_in_force",
        "gauge",
        "What people decided about who is who and did not undo, by kind (the same from every replica).",
        ("kind",),
        by=("aggregate",),
        values={"kind": tuple(kind.value for kind in DecisionKind)},
    ),
    Metric(
        "statements_identified",
        "gauge",
        "Statements on record whose actor is known across articles: by the registry, by an office, by a link,"
        " by the name alone.",
        ("kind",),
        by=("aggregate",),
        values={"kind": IDENTIFIED},
    ),
    Metric(
        "identity_links",
        "gauge",
        "Names on record that are taken for another's, by the reason of the link (the same from every"
        " replica).",
        ("reason",),
        by=("aggregate",),
    ),
    Metric(
        "identity_candidates",
        "gauge",
        "Pairs of names that may be one and are not taken to be, by reason (the same from every replica).",
        ("reason",),
        by=("aggregate",),
    ),
    Metric(
        "sources_known",
        "gauge",
        "Outlets that have published in the last four weeks (the same from every replica).",
        by=("aggregate",),
    ),
    Metric(
        "sources_silent",
        "gauge",
        "Outlets that used to publish regularly and are silent for unusually long (the same from every"
        " replica).",
        by=("aggregate",),
    ),
    # lag exporter
    Metric(
        "group_lag_records",
        "gauge",
        "Offsets between a group's committed position and the end of a topic.",
        ("group", "topic"),
        by=("lag",),
    ),
    Metric(
        "group_lag",
        "gauge",
        "Age of the first record a group has not committed, 0 when there is none.",
        ("group", "topic"),
        "seconds",
        by=("lag",),
    ),
    Metric(
        "group_committed_records",
        "gauge",
        "Sum of a group's committed offsets of a topic; its change is progress.",
        ("group", "topic"),
        by=("lag",),
    ),
    Metric(
        "topic_records",
        "gauge",
        "Sum of the end offsets of a topic; its change is what was written.",
        ("topic",),
        by=("lag",),
    ),
    # query
    Metric(
        "http_requests",
        "counter",
        "Requests answered by the read API, by route and status class.",
        ("route", "status"),
        by=("query",),
    ),
    Metric(
        "http_request_duration",
        "histogram",
        "Duration of one request of the read API.",
        ("route",),
        "seconds",
        FAST,
        ("query",),
    ),
    Metric(
        "exports",
        "counter",
        "Exports over HTTP: sent whole, cut short (by the reader or a fault), refused.",
        ("format", "outcome"),
        by=("query",),
        values={
            "format": ("csv", "jsonl", "parquet", "jsonld", "webannotation"),
            "outcome": ("whole", "cut", "refused"),
        },
    ),
    Metric("live_readers", "gauge", "Readers of the live stream just now.", by=("query",)),
)
