"""Pipeline: is it well, does everything flow, what waits, what went wrong."""

from __future__ import annotations

from boards.frame import Board, Row
from boards.kit import Levels, Look, PanelBuilder, Target, bars, board_link, heat, lines, number, rows
from boards.objectives import budget_row
from boards.queries import (
    WINDOW,
    buckets,
    dead_share,
    fresh_share,
    mean,
    nonzero,
    or_zero,
    per_minute,
    quantile,
    rate,
    series,
    total,
)

WAIT = Levels(warn=60, bad=300)
"""The freshness objective is 60 s; after five minutes readers notice."""


def board() -> Board:
    """The dashboard to open first."""
    return Board(
        "onrecord-pipeline",
        "Pipeline",
        "From an article coming in to its statements being on record: flow, lag, age, errors. Open this one"
        " first.",
        [
            Row("", _well()),
            Row("Flow", _flow()),
            Row("Waiting", _waiting()),
            Row("Errors and dead letters", _errors()),
            budget_row(),
            Row("Exactly once: transactions and groups", _transactions()),
        ],
    )


def _well() -> list[PanelBuilder]:
    processed = "onrecord_articles_processed_total"
    return [
        number(
            Look(
                "Alerts firing", "Alerts that fire now, whatever their severity. The table below names them.", "short", 3, 4, Levels(1, 2),
            ),
            Target(or_zero('count(ALERTS{alertstate="firing"})')),
        ),
        number(
            Look(
                "Services up", "Share of the scraped processes that answer. Below 100 %: one is down or unreachable; see *Runtime*.",
                "percentunit", 3, 4, Levels(1.0, 0.99, falling=True), ["ServiceDown", "TargetDown"], maximum=1,
                links=[board_link("Runtime", "onrecord-runtime")],
            ),
            Target('avg(up{job=~"$job",instance=~"$instance"})'),
        ),
        number(
            Look(
                "Articles in / min", "New and revised articles put on the log. Zero while sources publish: ingest or its sources have "
                                     "stopped.",
                "short", 3, 4, runbooks=["NoArticlesReceived"], decimals=1,
            ),
            Target(or_zero(per_minute("onrecord_articles_ingested_total", 'outcome=~"published|revised"'))),
        ),
        number(
            Look(
                "On record / min", "Articles whose statements were committed to the record. It should follow *Articles in / min*.",
                "short", 3, 4, decimals=1, runbooks=["ConsumerStalled"],
            ),
            Target(or_zero(per_minute(processed, 'service="aggregate"', 'outcome!="dead_lettered"'))),
        ),
        number(
            Look(
                "Success", "Share of the articles in the time range that were not dead-lettered. Objective 99 %.", "percentunit", 3, 4,
                Levels(0.995, 0.99, falling=True), ["ArticleSuccessBurnRateFast", "ArticleSuccessBurnRateSlow"], 2, maximum=1,
            ),
            Target(f"1 - {dead_share('[$__range]')}"), graph=False, no_value="no articles",
        ),
        number(
            Look(
                "On record within 60 s", "Share of the articles in the time range that were on record a minute after coming in. Objective "
                                         "99 %.",
                "percentunit", 3, 4, Levels(0.995, 0.99, falling=True), ["FreshnessBurnRateFast", "FreshnessBurnRateSlow"], 1, maximum=1,
            ),
            Target(fresh_share("[$__range]")), graph=False, no_value="no articles",
        ),
        number(
            Look(
                "Longest wait", "Age of the oldest record that a consumer group has not committed. Rising: a stage is slower than its "
                                "input.",
                "s", 3, 4, WAIT, ["LagGrowing", "ConsumerStalled"],
            ),
            Target(f"max({series('onrecord_group_lag_seconds')})"),
        ),
        number(
            Look(
                "Dead letters", "Records put on dead-letter topics in the time range. Any is worth a look: `onrecord dlq list`.",
                "short", 3, 4, Levels(1, 10), ["DeadLetterRateHigh"], decimals=0,
            ),
            Target(or_zero(total("onrecord_dead_letters_total"))), graph=False,
        ),
    ]  # fmt: skip


def _flow() -> list[PanelBuilder]:
    processed = "onrecord_articles_processed_total"
    return [
        rows(
            Look("What fires", "Alerts that fire now. Each has a runbook in `deploy/runbooks`, named like the alert. Empty is well.",
                 "none", 8),
            Target('ALERTS{alertstate="firing"}'),
            hide=["alertstate", "Value", "instance"],
            names={"alertname": "Alert", "severity": "Severity", "job": "Service", "group": "Group", "slo": "Objective"},
        ),
        lines(
            Look(
                "Articles through the stages", "Articles per minute that leave each stage. The three lines lie on each other when all is "
                                               "well; a gap between two is work piling up between them.", "short", 16,
                                               runbooks=["NoArticlesReceived", "ConsumerStalled"],
            ),
            Target(per_minute("onrecord_articles_ingested_total", 'outcome=~"published|revised"'), "put on the log"),
            Target(per_minute(processed, 'service="extract"'), "extracted"),
            Target(per_minute(processed, 'service="aggregate"'), "on record"),
        ),
        lines(
            Look("Articles offered", "What ingest made of each article, per minute. Rejected: it could not be read, see dead letters.",
                 "short"),
            Target(per_minute("onrecord_articles_ingested_total", by="outcome"), "{{outcome}}"), mode="stacked",
        ),
        lines(
            Look("Articles finished", "Articles that extract finished, by outcome, per minute. *dead_lettered* counts against the "
                                      "objective.", "short"),
            Target(per_minute(processed, 'service="extract"', by="outcome"), "{{outcome}}"), mode="stacked",
        ),
        lines(
            Look("Events written", "Events committed per minute and topic: documents, quotes, claims, actor records.", "short"),
            Target(per_minute("onrecord_events_published_total", by="topic"), "{{topic}}"),
        ),
        lines(
            Look("Records read", "Records read per minute. More than were written: batches are read again after failures.", "short"),
            Target(per_minute("onrecord_records_consumed_total", by="service, topic"), "{{service}} {{topic}}"),
        ),
        lines(
            Look("Push requests", "Requests to the push API by HTTP status, per minute. 429: too many at once; 5xx: the log refuses.",
                 "short", nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_push_requests_total", by="status")), "{{status}}"), mode="bars",
        ),
        lines(
            Look("Feed polls", "Polls of feeds by outcome, per minute. Failed or refused: the source's server, or the network.", "short",
                 nothing="no feeds"),
            Target(nonzero(per_minute("onrecord_feed_polls_total", by="outcome")), "{{outcome}}"), mode="bars",
        ),
    ]  # fmt: skip


def _waiting() -> list[PanelBuilder]:
    return [
        lines(
            Look("Lag in records", "Records a group has not committed, by the lag exporter, so a dead consumer shows too. Bad: it only "
                                   "rises.",
                 "short", runbooks=["LagGrowing", "ConsumerStalled"]),
            Target(f"sum by (group, topic) ({series('onrecord_group_lag_records')})", "{{group}} {{topic}}"),
        ),
        lines(
            Look("Lag in seconds", "Age of the first record a group has not committed; 0 when caught up. Above 60 s articles miss the "
                                   "objective.",
                 "s", levels=WAIT, runbooks=["LagGrowing"]),
            Target(f"max by (group, topic) ({series('onrecord_group_lag_seconds')})", "{{group}} {{topic}}"),
            Target(f"max by (service) ({series('onrecord_consumer_lag_seconds')})", "last read by {{service}}"),
        ),
        lines(
            Look("Since the last commit", "Time since each service last committed anything. Rising while its lag is above 0: it is "
                                          "stuck.", "s",
                 levels=WAIT, runbooks=["ConsumerStalled"]),
            Target(f"time() - max by (service) ({series('onrecord_last_progress_timestamp_seconds')} > 0)", "{{service}}"),
        ),
        lines(
            Look("Age of articles on record", "From an article coming in to its statements being on record. The 99th percentile above 60 s "
                                              "spends the freshness budget.", "s", levels=Levels(60, 300),
                                              runbooks=["FreshnessBurnRateFast"]),
            *(Target(quantile(q, "onrecord_event_age_seconds"), f"p{q * 100:.0f}", exemplars=q > 0.9) for q in (0.5, 0.95, 0.99)),
        ),
        heat(
            Look("Ages over time", "Articles by age when they came on record. A dark band climbing is a queue; one high spot is a "
                                   "replay.", "s"),
            Target(buckets("onrecord_event_age_seconds"), "{{le}}", exemplars=True),
        ),
        lines(
            Look("Seen by the consumers", "Records between each consumer's position and the end of its partitions. Unlike the lag above, "
                                          "it vanishes with the consumer.", "short"),
            Target(f"sum by (service, topic) ({series('onrecord_consumer_lag_records')})", "{{service}} {{topic}}"),
        ),
    ]  # fmt: skip


def _errors() -> list[PanelBuilder]:
    return [
        lines(
            Look("Dead letters by reason", "Records put on dead-letter topics per minute. A burst of one reason from one source is bad "
                                           "input; a steady flow is a fault of ours.", "short", runbooks=["DeadLetterRateHigh"],
                                           nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_dead_letters_total", by="service, stage, reason")), "{{service}} {{stage}}: {{reason}}"),
            mode="bars",
        ),
        bars(
            Look("Dead letters in the range", "How many of each stage and reason in the time range shown. Read them with `onrecord dlq "
                                              "show`.",
                 "short", runbooks=["DeadLetterRateHigh"], decimals=0),
            Target(nonzero(total("onrecord_dead_letters_total", by="stage, reason")), "{{stage}}: {{reason}}"),
        ),
        lines(
            Look("Failures", "Per minute: writes the log refused, failed database transactions, tries again after passing errors. A few at "
                             "a failover are normal; a steady line is not.", "short", runbooks=["PublishErrors", "StoreErrors"],
                 links=[board_link("Record: the database", "onrecord-record"), board_link("Runtime: Kafka", "onrecord-runtime")],
                             nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_publish_failures_total", by="service, error")), "log: {{service}} {{error}}"),
            Target(nonzero(per_minute("onrecord_store_errors_total", by="kind")), "database: {{kind}}"),
            Target(nonzero(per_minute("onrecord_retries_total", by="service")), "tries again: {{service}}"),
            mode="bars",
        ),
        lines(
            Look("Duplicates left out", "Articles and events seen before, per minute. Harmless: many mean a source sends again or a replay "
                                        "runs.",
                 "short", 6, nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_duplicates_total", by="service, kind")), "{{service}} {{kind}}"), mode="bars",
        ),
        lines(
            Look("No articles, passed over", "Pages that ingest met and that are no articles, per minute and reason. Harmless: lists, "
                                             "live blogs, error pages, redirects, pages captured again unchanged.",
                 "short", 6, nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_pages_skipped_total", by="reason")), "{{reason}}"), mode="bars",
        ),
        lines(
            Look("Held back", "Share of time a service waited before trying again, with its source held back. Near 100 %: what it writes "
                              "to is down.", "percentunit", 6, levels=Levels(0.1, 0.5), maximum=1,
                 runbooks=["StoreErrors", "PublishErrors"], nothing="none in this time"),
            Target(f"max by (service) (rate({series('onrecord_backpressure_seconds_total')}{WINDOW}))", "{{service}}"),
        ),
        lines(
            Look("Clock skew", "Events per minute dated more than 5 s after the reader's clock. Any: a machine's clock is wrong, and ages "
                               "with it.",
                 "short", 6, runbooks=["ClockSkew"], nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_clock_skew_total", by="service")), "{{service}}"), mode="bars",
        ),
    ]  # fmt: skip


def _transactions() -> list[PanelBuilder]:
    return [
        lines(
            Look("Transactions", "Transactions per minute by outcome. Failed ones are read again, nothing is lost; many failed ones slow "
                                 "all.",
                 "short"),
            Target(per_minute("onrecord_transactions_total", by="service, outcome"), "{{service}} {{outcome}}"),
        ),
        lines(
            Look("Duration of a transaction", "95th percentile and mean, from begin to commit. The log aborts one that is open for 10 s.",
                                              "s",
                 levels=Levels(5, 10)),
            Target(quantile(0.95, "onrecord_transaction_duration_seconds", by="service"), "{{service}} p95"),
            Target(mean("onrecord_transaction_duration_seconds", by="service"), "{{service}} mean"),
        ),
        lines(
            Look("In flight", "Records read and not yet committed. Flat above 0 with no commits: a record hangs.", "short"),
            Target(f"sum by (service) ({series('onrecord_in_flight')})", "{{service}}"),
        ),
        lines(
            Look("Rebalances", "Partitions assigned, revoked or lost per minute. Some at a deployment; a steady flow is a storm: members "
                               "time out. Forgotten: read again from the beginning, because the log was replaced.",
                 "short", 12, runbooks=["RebalanceStorm"], nothing="none in this time"),
            Target(nonzero(per_minute("onrecord_rebalances_total", by="service, kind")), "{{service}} {{kind}}"),
            Target(nonzero(per_minute("onrecord_positions_forgotten_total", by="service")), "{{service}} forgotten"), mode="bars",
        ),
        lines(
            Look("Producers rebuilt", "Transactional producers discarded and rebuilt, per second, by cause. Fencing after a restart is "
                                      "normal.",
                 "short", 12, runbooks=["PublishErrors"], nothing="none in this time"),
            Target(nonzero(rate("onrecord_producer_rebuilds_total", by="service, cause")), "{{service}} {{cause}}"), mode="bars",
        ),
    ]  # fmt: skip
