"""The cases after public bug reports: none that is right may turn wrong."""

from __future__ import annotations

import pytest

from lab.quality.cases import CHECKS, READING, Case, judge, read_cases, table, verdicts
from services.extract.extract import Extractor, Limits
from services.extract.tagger import Tagger
from services.extract.text.html import HtmlLimits
from tests.support.patience import PATIENCE_S

WRONG = {"r30", "r24", "w14b", "f15", "d4", "m1", "k5"}
"""Cases that are known to be wrong, or that no program judges: one that was mended leaves this list."""


def test_as_many_are_right_as_were() -> None:
    cases = read_cases()
    with Extractor(Tagger.load(), Limits(html=HtmlLimits(timeout_s=PATIENCE_S))) as extractor:
        wrong = verdicts(cases, extractor)
    assert wrong.keys() == WRONG, wrong
    assert f"{len(cases) - len(WRONG):5}" in table(cases, wrong).splitlines()[-1]


def test_every_check_is_known_and_every_case_has_one_but_the_feed() -> None:
    cases = read_cases()
    assert {name for case in cases for name in case.checks} == CHECKS.keys() | READING.keys()
    assert [case.id for case in cases if not case.checks] == ["f15"]


@pytest.mark.parametrize(
    ("checks", "faults"),
    [
        ({"said": [["the wall was safe", "Jane Ames"]]}, 0),
        ({"said": [["the wall was safe", "Paul Dunn"]], "unsaid": ["the wall was safe"]}, 2),
        ({"nobody": ["Jane Ames"], "kind": [["the wall was safe", "person"]]}, 1),
        ({"text": ["Ames"], "no_text": ["Ames"], "once": ["the wall"]}, 2),
    ],
)
def test_checks_find_what_is_wrong(checks: dict[str, object], faults: int) -> None:
    case = Case("x", "kind", "Jane Ames said the wall was safe.\n", "", was_right=False, checks=checks)
    with Extractor(Tagger.load()) as extractor:
        assert len(judge(case, extractor)) == faults
