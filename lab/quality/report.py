"""Scores as a table beside published and human figures, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from lab.quality.scoring import (
    EXACT,
    FULL,
    ITEM,
    JACCARD,
    LEVELS,
    MEASURES,
    OVERLAP,
    ROLES,
    SUBSETS,
    WHO_SAID_WHAT,
    Counts,
    Key,
    add_up,
    bootstrap_f1,
)

# PolNeAR, F1 in per cent. Published: CofeNet (COLING 2022), BERT-base, test split; no linked figures were
# published.
PUBLISHED: dict[Key, float] = {
    ("source span", EXACT, "all"): 83.2,
    ("cue span", EXACT, "all"): 75.3,
    ("content span", EXACT, "all"): 72.9,
}
# Pairwise agreement of human annotators on 20 other articles with five or six annotations each.
HUMAN: dict[Key, float] = {
    ("source span", EXACT, "all"): 78.1,
    ("cue span", EXACT, "all"): 70.6,
    ("content span", EXACT, "all"): 71.3,
    (ITEM, EXACT, "all"): 67.7,
    (ITEM, OVERLAP, "all"): 85.1,
    (ITEM, JACCARD, "all"): 79.4,
    (WHO_SAID_WHAT, EXACT, "all"): 62.0,
    (WHO_SAID_WHAT, OVERLAP, "all"): 79.4,
    (WHO_SAID_WHAT, JACCARD, "all"): 73.3,
    (FULL, EXACT, "all"): 58.1,
    (FULL, OVERLAP, "all"): 78.6,
    (FULL, JACCARD, "all"): 68.4,
    (WHO_SAID_WHAT, OVERLAP, "speech"): 94.5,
    (WHO_SAID_WHAT, OVERLAP, "direct"): 98.3,
    (WHO_SAID_WHAT, OVERLAP, "mixed"): 90.9,
    (WHO_SAID_WHAT, OVERLAP, "indirect, speech cue"): 93.7,
    (WHO_SAID_WHAT, OVERLAP, "indirect, other cue"): 64.0,
}


def keys() -> list[Key]:
    """Every figure of the table, in its order."""
    spans: list[Key] = [(f"{role} span", EXACT, "all") for role in ROLES]
    return spans + [
        (measure, level, subset) for subset in SUBSETS for measure in MEASURES for level in LEVELS
    ]


def figures(articles: Sequence[Counts]) -> list[dict[str, object]]:
    """One row per figure: precision, recall, F1 and its 95 % interval in per cent, the counts, and what
    others reach."""
    total = add_up(articles)
    rows: list[dict[str, object]] = []
    for key in keys():
        count = total.get(key)
        if count is None:
            continue
        low, high = bootstrap_f1(articles, key)
        rows.append(
            {
                "measure": key[0],
                "level": key[1],
                "subset": key[2],
                "precision": round(100 * count.precision, 1),
                "recall": round(100 * count.recall, 1),
                "f1": round(100 * count.f1, 1),
                "low": round(100 * low, 1),
                "high": round(100 * high, 1),
                "hits": int(count.hits),
                "predicted": int(count.predicted),
                "gold": int(count.gold),
                "published": PUBLISHED.get(key),
                "human": HUMAN.get(key),
            }
        )
    return rows


def table(rows: Sequence[dict[str, object]]) -> str:
    """The rows as text for a terminal."""
    lines = [f"{'':38}{'P':>7}{'R':>7}{'F1':>7}  {'95 %':<13}{'published':>10}{'human':>7}"]
    subset = None
    for row in rows:
        if row["subset"] != subset:
            subset = row["subset"]
            lines.append(
                f"-- {subset} ({row['gold']} annotated)"
                if "span" not in str(row["measure"])
                else f"-- {subset}"
            )
        others = "".join(
            f"{'' if row[name] is None else row[name]:>{width}}"
            for name, width in (("published", 10), ("human", 7))
        )
        interval = f"{row['low']}–{row['high']}"
        name = f"{row['measure']}, {row['level']}"
        lines.append(
            f"{name:38}{row['precision']:>7}{row['recall']:>7}{row['f1']:>7}  {interval:<13}{others}"
        )
    lines.append(
        "Published: CofeNet (BERT-base) on PolNeAR's test split. Human: pairwise agreement on 20 other"
        " articles (by type: recall of one annotator against another). Spans are compared by the tokens they"
        " touch; items are matched one to one."
    )
    return "\n".join(lines)
