"""Runtime: the processes themselves, their connection to Kafka, and the scraping of their metrics."""

from __future__ import annotations

from boards.frame import Board, Row
from boards.kit import Levels, Look, PanelBuilder, Target, lines, number, rows, states
from boards.queries import WINDOW, or_zero, series

CONSUMER = "kafka_client_consumer_metrics"
COORDINATOR = "kafka_client_consumer_coordinator_metrics"
FETCH = "kafka_client_consumer_fetch_manager_metrics"
PRODUCER = "kafka_client_producer_metrics"

MEMORY = Levels(warn=400e6, bad=500e6)
"""Extract, the largest, peaks at 262 MB under `make bench`; 512 MiB is its limit in `deploy/kubernetes`."""

FILES = Levels(warn=0.5, bad=0.8)


def board() -> Board:
    """What the machines feel."""
    return Board(
        "onrecord-runtime",
        "Runtime",
        "The processes: up, version, memory, CPU, files, garbage; their clients of Kafka; the health of"
        " scraping.",
        [
            Row("", _well()),
            Row("Processes", _processes()),
            Row("Kafka client (kafka-python's own figures)", _kafka()),
            Row("Loops and scrapes", _scrapes()),
        ],
    )


def _well() -> list[PanelBuilder]:
    files = f"{series('process_open_fds')} / {series('process_max_fds')}"
    return [
        number(
            Look("Up", "Processes that answer the scrape. Fewer than were deployed: see *Down*.", "short", 3, 4, runbooks=["ServiceDown"],
                 decimals=0),
            Target(or_zero(f"sum({series('up')})")),
        ),
        number(
            Look("Down", "Processes that do not answer the scrape. Above 0: see *Up and down* for which, and since when.", "short", 3, 4,
                 Levels(1, 2), ["ServiceDown", "TargetDown"], 0),
            Target(or_zero(f"count({series('up')} == 0)")),
        ),
        number(
            Look("Restarts", "Starts of processes in the time range, beyond the first. Outside a deployment: something dies. See its "
                             "log.", "short",
                 3, 4, Levels(1, 3), ["CrashLoop"], 0),
            Target(or_zero(f"sum(changes({series('process_start_time_seconds')}[$__range]))")), graph=False,
        ),
        number(
            Look("Largest memory", "Resident memory of the largest process. It levels off after minutes; one that never does, leaks.",
                 "bytes", 3, 4,
                 MEMORY),
            Target(f"max({series('process_resident_memory_bytes')})"),
        ),
        number(
            Look("CPU", "Cores in use, all processes together. At the number of cores, all waits.", "short", 3, 4, decimals=2),
            Target(f"sum(rate({series('process_cpu_seconds_total')}{WINDOW}))"),
        ),
        number(
            Look("Open files", "Largest share of its limit of open files that a process uses. Rising steadily: connections are not closed.",
                 "percentunit", 3, 4, FILES, decimals=1, maximum=1),
            Target(f"max({files})"),
        ),
        number(
            Look("Kafka send errors / s", "Records per second that the clients could not send. Transactions repeat them; steady: a broker "
                                          "refuses.",
                 "short", 3, 4, Levels(0.001, 1), ["PublishErrors", "LogUnreachable"], 2),
            Target(or_zero(f"sum({series(f'{PRODUCER}_record_error_rate')})")),
        ),
        number(
            Look("Slowest scrape", "Longest time a process took to answer Prometheus. Near the timeout of the scrape, gaps appear.", "s",
                 3, 4,
                 Levels(1, 5)),
            Target(f"max({series('scrape_duration_seconds')})"),
        ),
    ]  # fmt: skip


def _processes() -> list[PanelBuilder]:
    return [
        states(
            Look("Up and down", "Each process over time. Red: it did not answer. All at once: Prometheus or the network.", "none", 12, 7,
                 Levels(1, 1, falling=True), ["TargetDown"], maximum=1),
            Target(series("up"), "{{job}} {{instance}}"),
        ),
        rows(
            Look("What runs", "Release, source revision and schema version of each process. Mixed versions: a deployment is under way or "
                              "stuck.",
                 "none", 12, 7),
            Target(f"sum by (service, version, revision, schema_version, instance) ({series('onrecord_build_info')})"),
            hide=["Value"],
            names={"service": "Service", "version": "Version", "revision": "Revision", "schema_version": "Schemas", "instance": "Instance"},
        ),
        lines(
            Look("Memory", "Resident memory by process. Extract holds the model; a line that climbs for hours is a leak.", "bytes",
                 levels=MEMORY),
            Target(series("process_resident_memory_bytes"), "{{job}} {{instance}}"),
        ),
        lines(
            Look("CPU", "Cores used by process. Extract uses one while it works; others near one are in trouble.", "short"),
            Target(f"rate({series('process_cpu_seconds_total')}{WINDOW})", "{{job}} {{instance}}"),
        ),
        lines(
            Look("Open files", "Files and connections by process. Flat in a healthy process, whatever the load.", "short"),
            Target(series("process_open_fds"), "{{job}} {{instance}}"),
        ),
        lines(
            Look("Virtual memory", "Address space by process; it may far exceed what is used. A climb without resident memory: mappings "
                                   "pile up.",
                 "bytes"),
            Target(series("process_virtual_memory_bytes"), "{{job}} {{instance}}"),
        ),
        lines(
            Look("Garbage collections", "Runs of Python's collector per second by generation. Many of generation 2: objects in cycles.",
                 "short"),
            Target(f"sum by (generation) (rate({series('python_gc_collections_total')}{WINDOW}))", "generation {{generation}}"),
        ),
        lines(
            Look("Objects collected", "Objects freed by the collector per second, and those it could not free: any of these is a fault.",
                 "short"),
            Target(f"sum by (job) (rate({series('python_gc_objects_collected_total')}{WINDOW}))", "{{job}}"),
            Target(f"sum(rate({series('python_gc_objects_uncollectable_total')}{WINDOW}))", "not freed"),
        ),
    ]  # fmt: skip


def _kafka() -> list[PanelBuilder]:
    return [
        lines(
            Look("Requests answered in", "Mean time of a request to a broker, by client. Rising for all: a broker is busy; the fetch of an "
                                         "idle consumer waits by design.", "ms"),
            Target(f"avg by (job) ({series(f'{PRODUCER}_request_latency_avg')})", "{{job}} producer"),
            Target(f"avg by (job) ({series(f'{FETCH}_fetch_latency_avg')})", "{{job}} fetch"),
        ),
        lines(
            Look("Records through the clients", "Records per second sent and read, as the client counts them over its last half minute.",
                 "short"),
            Target(f"sum by (job) ({series(f'{PRODUCER}_record_send_rate')})", "{{job}} sent"),
            Target(f"sum by (job) ({series(f'{FETCH}_records_consumed_rate')})", "{{job}} read"),
        ),
        lines(
            Look("Send errors and repeats", "Records per second that failed, or were sent again. Bad: steady, outside a broker's "
                                            "restart.", "short",
                 runbooks=["PublishErrors"]),
            Target(f"sum by (job) ({series(f'{PRODUCER}_record_error_rate')})", "{{job}} failed"),
            Target(f"sum by (job) ({series(f'{PRODUCER}_record_retry_rate')})", "{{job}} sent again"),
        ),
        lines(
            Look("Connections", "Open connections to brokers. Swinging: brokers come and go, or close idle ones.", "short"),
            Target(f"sum by (job) ({series(f'{PRODUCER}_connection_count')})", "{{job}} producer"),
            Target(f"sum by (job) ({series(f'{CONSUMER}_connection_count')})", "{{job}} consumer"),
        ),
        lines(
            Look("Group membership", "Partitions held by each consumer's process. 0 for a running consumer: more replicas than partitions, "
                                     "or a rebalance that does not end.", "short", runbooks=["RebalanceStorm"]),
            Target(f"sum by (job, instance) ({series(f'{COORDINATOR}_assigned_partitions')})", "{{job}} {{instance}}"),
        ),
        lines(
            Look("Since the last heartbeat", "Of each group member. At 10 s the broker takes the member for dead and rebalances.", "s",
                 levels=Levels(5, 10), runbooks=["RebalanceStorm"]),
            Target(f"max by (job) ({series(f'{COORDINATOR}_last_heartbeat_seconds_ago')})", "{{job}}"),
        ),
        lines(
            Look("Throttled", "Mean time a broker held requests back because of a quota. Above 0: raise the quota or send less.", "ms", 12),
            Target(f"max by (job) ({series(f'{PRODUCER}_throttle_time_avg')})", "{{job}} producer"),
            Target(f"max by (job) ({series(f'{CONSUMER}_throttle_time_avg')})", "{{job}} consumer"),
        ),
        lines(
            Look("Bytes to and from brokers", "Per second. Read much more than sent: a batch is read again and again, or a group starts "
                                              "over.",
                 "Bps", 12),
            Target(f"sum by (job) ({series(f'{PRODUCER}_outgoing_byte_rate')})", "{{job}} sent"),
            Target(f"sum by (job) ({series(f'{CONSUMER}_incoming_byte_rate')})", "{{job}} read"),
        ),
    ]  # fmt: skip


def _scrapes() -> list[PanelBuilder]:
    return [
        lines(
            Look("Since a turn, or an answer", "Time since each service's loop last turned, idle or not: above 120 s it is "
                                                               "restarted. Time since its log and its database last answered: above 30 s "
                                                               "it is not ready.",
                 "s", levels=Levels(60, 120), runbooks=["ConsumerStalled", "LogUnreachable", "StoreErrors"]),
            Target(f"time() - max by (service) ({series('onrecord_loop_turn_timestamp_seconds')} > 0)", "{{service}}"),
            Target(f"time() - max by (service, dependency) ({series('onrecord_last_answer_timestamp_seconds')} > 0)",
                   "{{service}}: {{dependency}}"),
        ),
        lines(
            Look("Duration of a scrape", "How long each process takes to answer Prometheus. Slow: it is starved of CPU.", "s",
                 levels=Levels(1, 5)),
            Target(series("scrape_duration_seconds"), "{{job}} {{instance}}"),
        ),
        lines(
            Look("Samples in a scrape", "Series each process exposes. It must level off: a steady climb is a label without a bound.",
                 "short"),
            Target(series("scrape_samples_scraped"), "{{job}} {{instance}}"),
        ),
        lines(
            Look("Writes to each topic", "Records written per second, from the topics' end offsets, whoever wrote them. It tells a silent "
                                         "producer from a blind consumer.", "short", 12),
            Target(f"sum by (topic) (deriv({series('onrecord_topic_records')}{WINDOW}))", "{{topic}}"),
        ),
        lines(
            Look("Commits of each group", "Records committed per second, from the groups' committed offsets. 0 with lag: stuck; below 0: "
                                          "someone has rewound the group.", "short", 12, minimum=None, runbooks=["ConsumerStalled"]),
            Target(f"sum by (group, topic) (deriv({series('onrecord_group_committed_records')}{WINDOW}))", "{{group}} {{topic}}"),
        ),
    ]  # fmt: skip
