from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.attribution.quotations import Quotations
from services.extract.attribution.reconcile import Found, reconcile
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Range


def at(text: str, words: str) -> Range:
    start = text.index(words)
    return Range(start, start + len(words))


def reconciled(text: str, *attributions: Attribution) -> list[Found]:
    return reconcile(text, attributions, Quotations(text, quoted_stretches(text)))


def said(text: str, *content: str, source: str | None = "Lee", cue: str | None = "said") -> Attribution:
    return Attribution(
        "indirect", tuple(at(text, c) for c in content), at(text, source) if source else None, at(text, cue) if cue else None, 0.9
    )


def contents(text: str, found: Found) -> list[str]:
    return [text[a:b] for a, b in found.attribution.content]


def test_content_is_closed_over_the_marks_it_cuts_through() -> None:
    text = "“We will not go there again,” Lee said."
    [found] = reconciled(text, said(text, "will not go there"))
    assert contents(text, found) == ["“We will not go there again,”"]
    assert found.attribution.kind == "direct"


def test_kinds_follow_the_marks() -> None:
    mixed = "Lee said it was “a terrible plan” and left."
    assert reconciled(mixed, said(mixed, "it was “a terrible plan”"))[0].attribution.kind == "mixed"
    indirect = "Lee said it was a terrible plan."
    assert reconciled(indirect, said(indirect, "it was a terrible plan"))[0].attribution.kind == "indirect"
    title = "Lee said he had read “War and Peace” twice."
    assert reconciled(title, said(title, "he had read “War and Peace” twice"))[0].attribution.kind == "indirect"


def test_speech_reported_inside_a_quotation_is_not_its_speakers_own_words() -> None:
    text = "“Putin said clearly that he is ready to meet,” Lavrov told NBC."
    nested = Attribution("indirect", (at(text, "he is ready to meet"),), at(text, "Putin"), at(text, "said clearly"), 0.9)
    assert reconciled(text, nested)[0].attribution.kind == "indirect"


def test_two_claims_on_one_quotation_are_decided_for_the_larger_share() -> None:
    text = "“We will not go there again, ever,” Lee said and Kim agreed."
    larger = said(text, "We will not go there")
    smaller = said(text, "ever", source="Kim", cue="agreed")
    found = reconciled(text, larger, smaller)
    assert [contents(text, f) for f in found] == [["“We will not go there again, ever,”"]]


@pytest.mark.parametrize(
    ("text", "source", "cue"),
    [
        ("Lavrov: no meeting planned with Kyiv", "Lavrov", ":"),
        ("Limbaugh continued: no meeting planned with Kyiv", "Limbaugh", "continued:"),
        ("He’s claiming: no meeting planned with Kyiv", "He", "’s claiming:"),
        ("You're worried about no meeting planned with Kyiv", "You", "'re worried about"),
    ],
)
def test_a_cue_keeps_its_colon_and_its_clitic(text: str, source: str, cue: str) -> None:
    [found] = reconciled(text, said(text, "no meeting planned with Kyiv", source=source, cue=cue))
    assert found.attribution.cue == at(text, cue)


def test_pieces_of_content_with_reporting_words_between_them_stay_apart() -> None:
    text = "Lee said of Kim, “He is a master of the deal.”"
    [found] = reconciled(text, said(text, "Kim", "“He is a master of the deal.”"))
    assert contents(text, found) == ["Kim", "“He is a master of the deal.”"]


@pytest.mark.parametrize(
    ("text", "source", "cue"),
    [
        ("“We will not go there again,” Anna Lee said on Friday.", "Anna Lee", "said"),
        ("“We will not go there again,” said Anna Lee, a teacher.", "Anna Lee", "said"),
        ("Anna Lee told reporters: “We will not go there again.”", "Anna Lee", "told"),
        ("Anna Lee: “We will not go there again.”", "Anna Lee", None),
        ("Later, he added, “We will not go there again.”", "he", "added"),
    ],
)
def test_a_quotation_nobody_claims_takes_the_source_beside_it(text: str, source: str, cue: str | None) -> None:
    [found] = reconciled(text)
    assert found.attribution.source == at(text, source)
    assert found.attribution.cue == (at(text, cue) if cue else None)


def test_the_running_speaker_goes_on_in_the_same_paragraph() -> None:
    text = "“We will not go,” Lee said. “There is nothing left to talk about.”"
    first, second = reconciled(text, said(text, "“We will not go,”"))
    assert contents(text, second) == ["“There is nothing left to talk about.”"]
    assert (second.attribution.source, second.inherits) == (None, 0)
    assert first.inherits is None


def test_a_reopened_quotation_stays_with_its_speaker() -> None:
    text = "“We will not go,” Lee said. “There is nothing left.\n\n“Nothing at all, for us.\n\n“So be it then.”"
    found = reconciled(text, said(text, "“We will not go,”", "“There is nothing left."))
    assert [f.inherits for f in found] == [None, 0, 1]


def test_a_quotation_without_any_speaker_stays_without_one() -> None:
    text = "The match was over.\n\n“We never thought that we could do this today.”\n\nIt rained."
    [found] = reconciled(text)
    assert (found.attribution.source, found.inherits) == (None, None)


@pytest.mark.parametrize(
    "text",
    ["The so-called “experts” left.", "He read “War and Peace” again.", "They met the “Coalition of the Willing” there.", "An ‘odd’ idea.",
     "She was on Fox News’s “Fox and Friends.” It rained.", "Lee wrote it.\n\n“All Bets Are Off.”\n\nIt rained.",
     "‘Ends recession debate’\n\nThe numbers were good."],
)  # fmt: skip
def test_scare_quotes_titles_and_headings_are_nobodys_speech(text: str) -> None:
    assert reconciled(text) == []


def test_content_and_source_stay_in_the_paragraph_of_their_cue() -> None:
    text = "The report in brief\n\nLee said it was over."
    [found] = reconciled(
        text, Attribution("indirect", (at(text, "in brief\n\nLee said it was over"),), at(text, "Lee"), at(text, "said"), 0.9)
    )
    assert "\n" not in "".join(contents(text, found))


def test_a_heading_with_a_quotation_is_not_the_next_paragraphs_content() -> None:
    text = "‘Ends the debate’: the bank\n\nIt ends the debate, Lee said."
    [found] = reconciled(text, said(text, "‘Ends the debate’", "It ends the debate"))
    assert contents(text, found) == ["It ends the debate"]


def test_a_relative_clause_reports_for_itself() -> None:
    text = "Zelensky, who earlier this week expressed willingness to meet Putin, said Thursday he wanted more clarity."
    seen = said(text, "willingness to meet Putin", "he wanted more clarity", source="Zelensky, who earlier this week", cue="said Thursday")
    first, second = (found.attribution for found in reconciled(text, seen))
    assert (first.source, first.cue, first.content) == (at(text, "who"), at(text, "expressed"), (at(text, "willingness to meet Putin"),))
    assert (second.source, second.content) == (at(text, "Zelensky"), (at(text, "he wanted more clarity"),))


def test_a_quotation_with_reporting_words_of_its_own_is_theirs() -> None:
    text = "Paul Lee told her that nobody was hurt. “Why now, of all days?” Jones asked Lee."
    told = said(text, "that nobody was hurt", "“Why now, of all days?”", source="Paul Lee", cue="told her")
    first, second = (found.attribution for found in reconciled(text, told))
    assert first.content == (at(text, "that nobody was hurt"),)
    assert (second.source, second.cue) == (at(text, "Jones"), at(text, "asked"))


def test_a_block_quotation_is_its_whole_paragraph() -> None:
    text = "The statement read in full:\n\n> I regret it. It was wrong, and I am sorry.\n\nIt rained."
    [found] = reconciled(text, said(text, "I regret it", source="The statement", cue="read"))
    assert contents(text, found) == ["I regret it. It was wrong, and I am sorry."]


def test_a_bare_article_is_no_content() -> None:
    text = "Lee said a plan, and a better one, was ready."
    [found] = reconciled(text, said(text, "a", "a better one, was ready"))
    assert contents(text, found) == ["a better one, was ready"]


ranges = st.tuples(st.integers(0, 80), st.integers(0, 30)).map(lambda pair: Range(pair[0], pair[0] + pair[1]))


@given(
    st.text(alphabet="aB c.,\n“”‘’\"'«»:—", max_size=90),
    st.lists(st.builds(Attribution, st.just("indirect"), st.lists(ranges, min_size=1, max_size=3).map(lambda r: tuple(sorted(r))),
                       st.none() | ranges, st.none() | ranges, st.floats(0, 1)), max_size=5),
)  # fmt: skip
def test_whatever_the_tagger_says_content_is_sorted_disjoint_and_holds_words(text: str, attributions: list[Attribution]) -> None:
    inside = [a for a in attributions if all(r.end <= len(text) for r in (*a.content, *filter(None, (a.source, a.cue))))]
    found = reconciled(text, *inside)
    assert found == reconciled(text, *inside)
    for number, item in enumerate(found):
        content = item.attribution.content
        assert content
        assert all(any(c.isalnum() for c in text[a:b]) for a, b in content)
        assert all(left.end <= right.start for left, right in pairwise(content))
        assert item.attribution.kind in ("direct", "mixed", "indirect")
        assert item.inherits is None or item.inherits in (number - 1, number + 1)
