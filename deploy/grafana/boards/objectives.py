"""What is left of the error budgets."""

from __future__ import annotations

from boards.frame import Row
from boards.kit import Levels, Look, Target, lines, number
from boards.queries import OBJECTIVE, WINDOW, budget_left, dead_share, fresh_share

BUDGET = 1 - OBJECTIVE

BURN = Levels(warn=1, bad=14.4)
"""At 1 the budget lasts exactly its 30 days; at 14.4 an hour spends 2 % of it (SRE workbook), and somebody is
paged."""

LEFT = Levels(warn=0.5, bad=0.1, falling=True)


def budget_row() -> Row:
    """Budget left in the time range, and how fast it burns."""
    success, fresh = (
        ["ArticleSuccessBurnRateFast", "ArticleSuccessBurnRateSlow"],
        ["FreshnessBurnRateFast", "FreshnessBurnRateSlow"],
    )
    return Row(
        "Objectives",
        [
            number(
                Look("Success budget left", "Of the 1 % of articles in the time range that may be dead-lettered, the share not yet used. "
                                            "Below 0: overspent. The objective's window is 30 days: choose that range to judge it.",
                                            "percentunit", 4, 7, LEFT, success, 0,
                     minimum=None, maximum=1),
                Target(budget_left(dead_share("[$__range]"))), graph=False, no_value="no articles",
            ),
            number(
                Look("Freshness budget left", "Of the 1 % of articles in the time range that may take longer than 60 s, the share not yet "
                                              "used. Below 0: overspent.", "percentunit", 4, 7, LEFT, fresh, 0, minimum=None, maximum=1),
                Target(budget_left(f"1 - {fresh_share('[$__range]')}")), graph=False, no_value="no articles",
            ),
            lines(
                Look("Burn rate", "How many times faster than allowed each budget is spent just now. 1 lasts 30 days; the alerts page when "
                                  "it stays above 14.4 for an hour.", "short", 8, 7, BURN, [*success, *fresh], soft_maximum=16),
                Target(f"({dead_share(WINDOW)}) / {BUDGET:.2f}", "success"),
                Target(f"(1 - {fresh_share(WINDOW)}) / {BUDGET:.2f}", "freshness"),
            ),
            lines(
                Look("Objectives met", "Share of articles not dead-lettered, and share on record within 60 s. Both belong above 99 %.",
                     "percentunit", 8, 7, Levels(0.995, OBJECTIVE, falling=True), maximum=1, minimum=None, soft_minimum=0.97),
                Target(f"1 - {dead_share(WINDOW)}", "not dead-lettered"),
                Target(fresh_share(WINDOW), "within 60 s"),
            ),
        ],
    )  # fmt: skip
