"""What a rule is worth, measured on the articles that the project carries."""

from __future__ import annotations

import pytest

from lab.quality.ablate import main, table


def test_a_rule_that_works_shows_and_all_of_them_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rule", "pronouns", "--rule", "turns"]) == 0
    shown = capsys.readouterr()
    cells = [
        [cell.strip(" `*") for cell in line.strip("|").split("|")]
        for line in shown.out.splitlines()
        if line.startswith("|")
    ]
    rows = {row[0]: row for row in cells}
    head, base = rows["rule"], rows["all rules"]
    actors = head.index("gum actors")
    assert float(base[actors]) > 80
    assert int(rows["pronouns"][1]) > 0
    assert float(rows["pronouns"][actors]) < 0
    assert int(rows["turns"][1]) == 0, "no article of GUM's is a transcript"
    assert int(rows["all of them"][1]) >= int(rows["pronouns"][1])
    assert "pronouns: " in shown.err


def test_deltas_are_what_leaving_out_does() -> None:
    lines = table({"a": 50.0, "b": 70.0}, [("rule", 3, {"a": 48.5, "b": 70.001})]).splitlines()
    assert lines[-1] == "| `rule` | 3 | -1.50 | · |"
