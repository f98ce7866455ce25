"""Record: what is on record, how it grows, the database beneath it, its sources and its readers."""

from __future__ import annotations

from boards.frame import Board, Row
from boards.kit import Levels, Look, PanelBuilder, Target, bars, heat, lines, number
from boards.queries import buckets, mean, nonzero, per_minute, quantile, rate, series, total

STORE = "onrecord_store_transaction_duration_seconds"
REQUEST = "onrecord_http_request_duration_seconds"

AGGREGATE = 'job="aggregate"'
"""Other processes expose these gauges too, at 0, and must not stand in for it while it is down."""

STORE_SLOW = Levels(warn=1, bad=5)
"""A batch of ten documents commits in well under a second."""
READ_SLOW = Levels(warn=0.5, bad=2)
"""What a reader of pages feels as slow, and as broken."""


def board() -> Board:
    """What readers get."""
    return Board(
        "onrecord-record",
        "Record",
        "What is on record and how it grows; the database that holds it; sources that fell silent; how fast"
        " it is read.",
        [
            Row("", _well()),
            Row("Growth", _growth()),
            Row("Database", _database()),
            Row("Sources", _sources()),
            Row("Reading", _reading()),
        ],
    )


def _entries(kind: str) -> str:
    selected = series("onrecord_record_entries", f'kind="{kind}"')
    return f"max({selected})"


def _by_kind(kinds: str) -> str:
    selected = series("onrecord_record_entries", f'kind=~"{kinds}"')
    return f"max by (kind) ({selected})"


def _by_reason(name: str) -> str:
    return nonzero(f"max by (reason) ({series(name, AGGREGATE)})")


def _failed_share(window: str) -> str:
    answered = series("onrecord_http_requests_total")
    failed = series("onrecord_http_requests_total", 'status="5xx"')
    return f"(sum(increase({failed}{window})) or vector(0)) / sum(increase({answered}{window}))"


def _well() -> list[PanelBuilder]:
    sizes = [
        ("Actors", "actor", "Persons, organisations, groups and documents that were quoted or made claims."),
        ("Quotes", "quote", "Quotes on record; revised and withdrawn articles leave none behind."),
        ("Claims", "claim", "Claims on record."),
        ("Articles", "article", "Articles on record, in their latest revision."),
        ("Outlets", "outlet", "Outlets with at least one article on record."),
    ]
    return [
        *(
            number(Look(title, f"{about} A fall is a withdrawal, or a restored database.", "short", 3, 4, decimals=0),
                        Target(_entries(kind)))
            for title, kind, about in sizes
        ),
        number(
            Look("Silent sources", "Outlets that used to publish regularly and have been silent for unusually long. The page *Sources* "
                                   "names them.",
                 "short", 3, 4, Levels(1, 3), ["SourceSilent"], 0),
            Target(f"max({series('onrecord_sources_silent', AGGREGATE)})"),
        ),
        number(
            Look("Commit, p95", "95 of 100 transactions of the database take less than this. Above 1 s the record falls behind.", "s", 3, 4,
                 STORE_SLOW, ["StoreErrors"]),
            Target(quantile(0.95, STORE)), no_value="idle",
        ),
        number(
            Look("Failed reads", "Share of API and page requests in the time range answered with 5xx. Any above 1 %: the database or the "
                                 "query service.", "percentunit", 3, 4, Levels(0.001, 0.01), runbooks=["ReadApiErrors"], decimals=2,
                                 maximum=1),
            Target(_failed_share("[$__range]")), graph=False, no_value="no requests",
        ),
    ]  # fmt: skip


def _growth() -> list[PanelBuilder]:
    return [
        lines(
            Look("Statements and articles", "What is on record. It grows with the articles; a step down is a withdrawal or a restored "
                                            "database.",
                 "short"),
            Target(_by_kind("quote|claim|article"), "{{kind}}"),
        ),
        lines(
            Look("Actors and outlets", "Actors grow ever more slowly as the same people speak again. Steep growth with few articles: names "
                                       "are not resolved to people.", "short"),
            Target(_by_kind("actor|outlet"), "{{kind}}"),
        ),
        lines(
            Look("Statements by identity", "Statements whose actor is known across articles, and by what: the registry, an office held on "
                                           "the article's day, a link between spellings, the name alone. A fall of the first two: an "
                                           "imported list was removed.", "short"),
            Target(f"max by (kind) ({series('onrecord_statements_identified', AGGREGATE)})", "{{kind}}"),
        ),
        lines(
            Look("Articles by outcome", "Documents that aggregate put on record, per minute. Withdrawn ones retract what they had "
                                        "contributed.",
                 "short"),
            Target(per_minute("onrecord_articles_processed_total", 'service="aggregate"', by="outcome"), "{{outcome}}"), mode="stacked",
        ),
        lines(
            Look("Decisions", "What people decided about who is who and did not undo, by kind. A sudden rise: somebody's script; "
                              "`onrecord actors decisions` says whose, and each can be undone.", "short"),
            Target(f"max by (kind) ({series('onrecord_decisions_in_force', AGGREGATE)})", "{{kind}}"),
        ),
        lines(
            Look("Links and candidates", "Names taken for another's, and pairs that may be one and are left two, by reason; *namesake*: "
                                         "one name of several people. A jump without a release or a back-fill: runbook *WrongPerson*.",
                 "short", nothing="none yet"),
            Target(_by_reason("onrecord_identity_links"), "link: {{reason}}"),
            Target(_by_reason("onrecord_identity_candidates"), "maybe: {{reason}}"),
        ),
    ]  # fmt: skip


def _database() -> list[PanelBuilder]:
    return [
        lines(
            Look("Duration of a transaction", "Of the record's database, offsets included. Rising with the record: an index is missing or "
                                              "the database is short of memory.", "s", levels=STORE_SLOW, runbooks=["StoreErrors"]),
            *(Target(quantile(q, STORE), f"p{q * 100:.0f}") for q in (0.5, 0.95, 0.99)),
            Target(mean(STORE), "mean"),
        ),
        heat(
            Look("Durations over time", "Transactions by duration. Two bands: some wait for locks, or for a full disk buffer.", "s"),
            Target(buckets(STORE), "{{le}}"),
        ),
        lines(
            Look("Rows written", "Rows per minute by table. In step with the articles; much more: revisions replace what was there.",
                 "short"),
            Target(per_minute("onrecord_store_rows_total", by="table"), "{{table}}"), mode="stacked",
        ),
        lines(
            Look("Actor records published", "Actor records put on the compacted topic, per minute: who changed. None while rows are "
                                            "written: the publishing waits. *shortened*, *left_out*: larger than the topic takes; raise "
                                            "its max.message.bytes.", "short", 12),
            Target(per_minute("onrecord_actor_records_published_total"), "actor records"),
            Target(nonzero(per_minute("onrecord_actor_records_too_large_total", by="outcome")), "{{outcome}}"),
        ),
        lines(
            Look("Failed transactions", "Of the database, by kind, per minute. *connection* and *timeout* pass by themselves; *integrity* "
                                        "is a fault.",
                 "short", 12, runbooks=["StoreErrors"], nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_store_errors_total", by="kind")), "{{kind}}"), mode="bars",
        ),
    ]  # fmt: skip


def _sources() -> list[PanelBuilder]:
    return [
        lines(
            Look("Sources", "Outlets known, and those silent for unusually long. Several at once: our side (ingest, the network); one: "
                            "theirs.",
                 "short", 12, 7, runbooks=["SourceSilent", "NoArticlesReceived"]),
            Target(f"max({series('onrecord_sources_known', AGGREGATE)})", "known"),
            Target(f"max({series('onrecord_sources_silent', AGGREGATE)})", "silent"),
        ),
        bars(
            Look("Where articles came from", "Articles offered in the time range by way in: file, feed, push. Duplicates included.",
                 "short", 12, 7,
                 decimals=0),
            Target(nonzero(total("onrecord_articles_ingested_total", by="source, outcome")), "{{source}}: {{outcome}}"),
        ),
    ]  # fmt: skip


def _reading() -> list[PanelBuilder]:
    return [
        lines(
            Look("Requests / s", "Requests by route of the API and the pages. A sudden rise in one route: a crawler, or a page that asks "
                                 "too often.", "short"),
            Target(rate("onrecord_http_requests_total", by="route"), "{{route}}"), mode="stacked",
        ),
        lines(
            Look("Duration, p95", "95 of 100 requests of each route take less than this. One slow route: its query; all: the database.",
                 "s",
                 levels=READ_SLOW),
            Target(quantile(0.95, REQUEST, by="route"), "{{route}}"),
        ),
        lines(
            Look("Answers / s", "Requests by status class. 4xx: readers ask for what is not there; 5xx: faults of ours.", "short",
                 runbooks=["ReadApiErrors"]),
            Target(rate("onrecord_http_requests_total", by="status"), "{{status}}"), mode="stacked",
        ),
    ]  # fmt: skip
