"""Extraction: how much it finds, how sure it is, how fast it works, with which model."""

from __future__ import annotations

from boards.frame import Board, Row
from boards.kit import Levels, Look, PanelBuilder, Target, bars, heat, lines, number, rows
from boards.queries import WINDOW, buckets, per_minute, quantile, rate, series, total

DURATION = "onrecord_extraction_duration_seconds"
CONFIDENCE = "onrecord_statement_confidence_ratio"
REPLICAS = 'job="extract"'

SLOW = Levels(warn=2, bad=10)
"""An article of 600 words takes about 0.4 s on one core; the longest pages, 10 s."""


def board() -> Board:
    """What the extraction finds."""
    return Board(
        "onrecord-extraction",
        "Extraction",
        "What extract finds in articles: yield, confidence, speed, model. A change without a new model means"
        " that the input has changed.",
        [
            Row("", _well()),
            Row("Yield", _yield()),
            Row("Confidence", _confidence()),
            Row("Speed", _speed()),
            Row("Model and input", _model()),
        ],
    )


def _per_article(metric: str, window: str, by: str = "") -> str:
    grouping = f"sum by ({by}) " if by else "sum"
    found = f"{grouping}(increase({series(metric)}{window}))"
    articles = f"sum(increase({series(f'{DURATION}_count')}{window}))"
    return f"{found} / ignoring({by}) group_left {articles}" if by else f"{found} / {articles}"


def _well() -> list[PanelBuilder]:
    yield_book = ["ExtractionYieldDrop"]
    return [
        number(
            Look("Articles / min", "Articles extracted per minute, over all replicas.", "short", 3, 4, decimals=1),
            Target(f"60 * {rate(f'{DURATION}_count')}"),
        ),
        number(
            Look("Quotes per article", "Mean over the time range. News has 2 to 10; near 0, the text or the model is wrong.", "short", 3, 4,
                 Levels(1, 0.3, falling=True), yield_book, 1),
            Target(_per_article("onrecord_quotes_extracted_total", "[$__range]")), graph=False, no_value="no articles",
        ),
        number(
            Look("Claims per article", "Mean over the time range. News has 5 to 25; near 0, the text or the model is wrong.", "short", 3, 4,
                 Levels(2, 0.5, falling=True), yield_book, 1),
            Target(_per_article("onrecord_claims_extracted_total", "[$__range]")), graph=False, no_value="no articles",
        ),
        number(
            Look("Duration, p95", "95 of 100 articles take less than this. Above 2 s: very long pages, or a busy machine.", "s", 3, 4,
                 SLOW),
            Target(quantile(0.95, DURATION)),
        ),
        number(
            Look("Tokens / s", "Word pieces the tagger reads per second, over all replicas: the work done.", "short", 3, 4, decimals=0),
            Target(rate("onrecord_tokens_total")),
        ),
        number(
            Look("Mean confidence", "Of all quotes and claims in the time range. A fall of a few points without a new model: the input has "
                                    "changed.",
                 "percentunit", 3, 4, Levels(0.7, 0.5, falling=True), yield_book, 1, maximum=1),
            Target(f"sum(increase({series(f'{CONFIDENCE}_sum')}[$__range])) / sum(increase({series(f'{CONFIDENCE}_count')}[$__range]))"),
            graph=False, no_value="no statements",
        ),
        number(
            Look("Busy", "Share of the replicas' time spent extracting. Near 100 % with lag: add replicas, up to the number of partitions.",
                 "percentunit", 3, 4, Levels(0.8, 0.95), ["LagGrowing"], 0, maximum=1),
            Target(f"{rate(f'{DURATION}_sum')} / count({series('onrecord_build_info', REPLICAS)})"),
        ),
        number(
            Look("Model version", "Version of the model in use. Two at once: a deployment is half done.", "none", 3, 4),
            Target(f"count by (version) ({series('onrecord_model_info')})", "{{version}}"), text=True,
        ),
    ]  # fmt: skip


def _yield() -> list[PanelBuilder]:
    return [
        lines(
            Look("Quotes per article", "By kind: direct, mixed. A fall to near nothing: articles are empty (paywalls, consent pages), in "
                                       "another language, or the model is wrong.", "short", runbooks=["ExtractionYieldDrop"]),
            Target(_per_article("onrecord_quotes_extracted_total", WINDOW, by="kind"), "{{kind}}"), mode="stacked",
        ),
        lines(
            Look("Claims per article", "By kind: indirect, mixed, quoted. It moves with the kind of article; a fall of all kinds at once "
                                       "is a fault.",
                 "short", runbooks=["ExtractionYieldDrop"]),
            Target(_per_article("onrecord_claims_extracted_total", WINDOW, by="kind"), "{{kind}}"), mode="stacked",
        ),
        lines(
            Look("Outcomes", "Articles finished per minute, by outcome. Many without any statement: see what is fed.", "short"),
            Target(per_minute("onrecord_articles_processed_total", 'service="extract"', by="outcome"), "{{outcome}}"), mode="stacked",
        ),
    ]  # fmt: skip


def _confidence() -> list[PanelBuilder]:
    low = rate(f"{CONFIDENCE}_bucket", 'le="0.5"', by="type")
    return [
        heat(
            Look("Confidence of quotes", "Committed quotes by confidence. The band belongs near the top; one that sinks is a model or "
                                         "input at odds.",
                 "percentunit"),
            Target(buckets(CONFIDENCE, 'type="quote"'), "{{le}}"),
        ),
        heat(
            Look("Confidence of claims", "Committed claims by confidence: wider than that of quotes, for there are no marks to go by.",
                 "percentunit"),
            Target(buckets(CONFIDENCE, 'type="claim"'), "{{le}}"),
        ),
        lines(
            Look("Below one half", "Share of statements with a confidence of at most 50 %, by type. Rising: the model meets text it does "
                                   "not know.",
                 "percentunit", levels=Levels(0.35, 0.5), maximum=None),
            Target(f"{low} / {rate(f'{CONFIDENCE}_count', by='type')}", "{{type}}"),
        ),
    ]  # fmt: skip


def _speed() -> list[PanelBuilder]:
    steps = "onrecord_stage_duration_seconds"
    return [
        lines(
            Look("Duration of an article", "Whole extraction of one article. The median follows the articles' length; a rise of all three "
                                           "is a busy machine.", "s", levels=SLOW),
            *(Target(quantile(q, DURATION), f"p{q * 100:.0f}") for q in (0.5, 0.95, 0.99)),
        ),
        heat(
            Look("Durations over time", "Articles by how long extraction took. A second band far above the first: one source sends very "
                                        "long pages.",
                 "s"),
            Target(buckets(DURATION), "{{le}}"),
        ),
        lines(
            Look("Where the time goes", "Seconds per article by step: text, tag (the model), attribute, resolve, state. The model's share "
                                        "is the largest.", "s"),
            Target(f"{rate(f'{steps}_sum', by='stage')} / ignoring(stage) group_left {rate(f'{DURATION}_count')}", "{{stage}}"),
            mode="stacked",
        ),
        lines(
            Look("Slowest of each step", "95th percentile by step. A step that leaves its usual order has met input it was not made for.",
                                         "s"),
            Target(quantile(0.95, steps, by="stage"), "{{stage}}"),
        ),
        lines(
            Look("Tokens per second", "Word pieces read per second and replica. Steady under load; falling at full load: the machine is "
                                      "shared.",
                 "short"),
            Target(f"sum by (instance) (rate({series('onrecord_tokens_total', REPLICAS)}{WINDOW}))", "{{instance}}"),
        ),
        lines(
            Look("Busy", "Share of each replica's time spent extracting. Near 100 % with lag: add replicas.", "percentunit",
                 levels=Levels(0.8, 0.95), maximum=1),
            Target(f"sum by (instance) (rate({series(f'{DURATION}_sum', REPLICAS)}{WINDOW}))", "{{instance}}"),
        ),
    ]  # fmt: skip


def _model() -> list[PanelBuilder]:
    size = "onrecord_article_size_bytes"
    return [
        rows(
            Look("Models in use", "Which model each replica runs. One row per replica, all alike; the model card is "
                                  "`services/extract/model`.", "none",
                 12, 6),
            Target(series("onrecord_model_info")), hide=["Value", "job"],
            names={"instance": "Instance", "name": "Model", "version": "Version", "sha256": "SHA-256"},
        ),
        lines(
            Look("Size of articles", "Raw content as it came in. A fall to a few hundred bytes: consent pages or teasers instead of "
                                     "articles.",
                 "bytes", 8, 6),
            *(Target(quantile(q, size), f"p{q * 100:.0f}") for q in (0.5, 0.95)),
        ),
        bars(
            Look("Found in the range", "Statements committed in the time range, by kind.", "short", 4, 6, decimals=0),
            Target(total("onrecord_quotes_extracted_total", by="kind"), "quotes: {{kind}}"),
            Target(total("onrecord_claims_extracted_total", by="kind"), "claims: {{kind}}"),
        ),
    ]  # fmt: skip
