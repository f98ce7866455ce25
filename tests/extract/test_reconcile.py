from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.passes.quotations import Quotations
from services.extract.passes.registry import Found, reconcile
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Entity, Range


def at(text: str, words: str) -> Range:
    start = text.index(words)
    return Range(start, start + len(words))


def reconciled(text: str, *attributions: Attribution) -> list[Found]:
    return reconcile(text, attributions, Quotations(text, quoted_stretches(text)))


def said(text: str, *content: str, source: str | None = "Lee", cue: str | None = "said") -> Attribution:
    return Attribution(
        "indirect",
        tuple(at(text, c) for c in content),
        at(text, source) if source else None,
        at(text, cue) if cue else None,
        0.9,
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
    assert (
        reconciled(title, said(title, "he had read “War and Peace” twice"))[0].attribution.kind == "indirect"
    )


def test_speech_reported_inside_a_quotation_is_not_its_speakers_own_words() -> None:
    text = "“Putin said clearly that he is ready to meet,” Lavrov told NBC."
    nested = Attribution(
        "indirect", (at(text, "he is ready to meet"),), at(text, "Putin"), at(text, "said clearly"), 0.9
    )
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
def test_a_quotation_nobody_claims_takes_the_source_beside_it(
    text: str, source: str, cue: str | None
) -> None:
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
    text = (
        "“We will not go,” Lee said. “There is nothing left.\n\n“Nothing at all, for us.\n\n“So be it then.”"
    )
    found = reconciled(text, said(text, "“We will not go,”", "“There is nothing left."))
    assert [contents(text, f)[1:] for f in found] == [
        ["“There is nothing left.", "“Nothing at all, for us.", "“So be it then.”"]
    ]


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
        text,
        Attribution(
            "indirect",
            (at(text, "in brief\n\nLee said it was over"),),
            at(text, "Lee"),
            at(text, "said"),
            0.9,
        ),
    )
    assert "\n" not in "".join(contents(text, found))


def test_a_heading_with_a_quotation_is_not_the_next_paragraphs_content() -> None:
    text = "‘Ends the debate’: the bank\n\nIt ends the debate, Lee said."
    [found] = reconciled(text, said(text, "‘Ends the debate’", "It ends the debate"))
    assert contents(text, found) == ["It ends the debate"]


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


NAMELESS = [
    ("Paul Lee was accused of being too smart.", "was accused of", "being too smart", None),
    ("Claiming that he was smart, Paul Lee left.", "Claiming", "that he was smart", "Paul Lee"),
    ("After saying that he was smart, she left the room.", "saying", "that he was smart", "she"),
    ("The man, who was tired, was smart, said Lee.", "said", "was smart", None),
]


@pytest.mark.parametrize(
    ("text", "cue", "content", "source"), NAMELESS, ids=[text[:30] for text, *_ in NAMELESS]
)
def test_the_surface_names_who_speaks_where_the_tagger_named_nobody(
    text: str, cue: str, content: str, source: str | None
) -> None:
    seen = said(text, content, source=None, cue=cue)
    people = [Entity(at(text, "Paul Lee"), "PERSON", 0.9)] if "Paul Lee" in text else []
    [found] = reconcile(text, [seen], Quotations(text, quoted_stretches(text)), people)
    assert found.attribution.source == (at(text, source) if source else None)


@pytest.mark.parametrize(
    ("text", "cue", "content"),
    [
        ("Lee was asked whether he would resign.", "was asked", "whether he would resign"),
        ("Asked whether he would resign, Lee left.", "Asked", "whether he would resign"),
        (
            "Lee has been harshly criticized for the plan to leave.",
            "has been harshly criticized for",
            "the plan to leave",
        ),
    ],
)
def test_who_is_asked_or_criticized_is_no_source(text: str, cue: str, content: str) -> None:
    [found] = reconciled(text, said(text, content, cue=cue))
    assert found.attribution.source is None


@pytest.mark.parametrize(
    ("text", "cue", "content", "agent", "kept"),
    [
        (
            "Lee was told by engineers that it would hold.",
            "was told by engineers",
            "that it would hold",
            "engineers",
            "was told",
        ),
        (
            "Lee, asked by the reporters whether he lied, left.",
            "asked",
            "whether he lied",
            "the reporters",
            "asked",
        ),
        (
            "Lee was harshly criticized by Paul Kim for it.",
            "was harshly criticized",
            "it",
            "Paul Kim",
            "was harshly criticized",
        ),
    ],
)
def test_the_agent_of_a_passive_speaks(text: str, cue: str, content: str, agent: str, kept: str) -> None:
    [found] = reconciled(text, said(text, content, cue=cue))
    assert (found.attribution.source, found.attribution.cue) == (at(text, agent), at(text, kept))


def test_words_of_other_sentences_are_not_reported_by_this_cue() -> None:
    text = "Some hope for change. The war is over, Lee said. Nobody knows why it began."
    [found] = reconciled(text, said(text, "for change", "The war is over", "why it began"))
    assert contents(text, found) == ["The war is over"]
    text = "The war is over. It will not come back, Lee said. “It is over.”"
    [found] = reconciled(text, said(text, "The war is over", "It will not come back", "“It is over.”"))
    assert contents(text, found) == ["The war is over", "It will not come back", "“It is over.”"]


def test_indirect_speech_that_is_more_likely_none_is_left_out() -> None:
    text = "Lee hopes for change. Lee said “there is no hope”."
    faint, quoted = said(text, "for change", cue="hopes"), said(text, "“there is no hope”")
    found = reconciled(text, replace(faint, confidence=0.2), replace(quoted, confidence=0.2))
    assert [contents(text, f) for f in found] == [["“there is no hope”"]]


def test_a_reporting_verb_drawn_into_the_content_is_the_cue() -> None:
    text = "“We never thought so, said Anna Lee, the mayor.\n\nIt rained."
    [found] = reconciled(
        text, said(text, "“We never thought so, said", source="Anna Lee, the mayor", cue=None)
    )
    assert (contents(text, found), found.attribution.cue) == (["“We never thought so,"], at(text, "said"))


def test_a_source_does_not_end_in_a_relative_pronoun() -> None:
    text = "“No comment at all,” said a spokeswoman, who asked not to be named."
    [found] = reconciled(text, said(text, "“No comment at all,”", source="a spokeswoman, who"))
    assert found.attribution.source == at(text, "a spokeswoman")


def test_a_whole_relative_clause_stays_in_its_source() -> None:
    text = "“No comment at all,” said a spokeswoman, who has worked there since May."
    source = "a spokeswoman, who has worked there since May"
    [found] = reconciled(text, said(text, "“No comment at all,”", source=source))
    assert found.attribution.source == at(text, source)


def test_a_dash_alone_is_a_cue() -> None:
    text = "“We have nothing more to say.” ― Anna Lee"
    [found] = reconciled(text, said(text, "“We have nothing more to say.”", source="Anna Lee", cue="―"))
    assert found.attribution.cue == at(text, "―")


ranges = st.tuples(st.integers(0, 80), st.integers(0, 30)).map(lambda pair: Range(pair[0], pair[0] + pair[1]))


@given(
    st.text(alphabet="aB c.,\n“”‘’\"'«»:—", max_size=90),
    st.lists(st.builds(Attribution, st.just("indirect"), st.lists(ranges, min_size=1, max_size=3).map(lambda r: tuple(sorted(r))),
                       st.none() | ranges, st.none() | ranges, st.floats(0, 1)), max_size=5),
)  # fmt: skip
def test_whatever_the_tagger_says_content_is_sorted_disjoint_and_holds_words(
    text: str, attributions: list[Attribution]
) -> None:
    inside = [
        a
        for a in attributions
        if all(r.end <= len(text) for r in (*a.content, *filter(None, (a.source, a.cue))))
    ]
    found = reconciled(text, *inside)
    assert found == reconciled(text, *inside)
    for number, item in enumerate(found):
        content = item.attribution.content
        assert content
        assert all(any(c.isalnum() for c in text[a:b]) for a, b in content)
        assert all(left.end <= right.start for left, right in pairwise(content))
        assert item.attribution.kind in ("direct", "mixed", "indirect")
        assert item.inherits is None or item.inherits in (number - 1, number + 1)


NEWS_WORDS = [
    *(
        "Lee",
        "Anna Lee",
        "the ministry",
        "who",
        "he",
        "said",
        "Said",
        "asked",
        "Asked",
        "saying",
        "warned",
        "and urged",
        "was accused of",
    ),
    *(
        "according to",
        "According to",
        "Per",
        "In Lee’s words",
        "in the words of",
        "that it rained",
        "nobody came",
    ),
    *(",", ",", ".", ".", ":", "“", "”", '"', "‘", "’", "—", "•", "\n\n"),
]
WORDS = st.lists(st.sampled_from(NEWS_WORDS), max_size=30).map(" ".join)


@given(WORDS, st.data())
def test_whatever_words_stand_around_what_the_tagger_says(text: str, data: st.DataObject) -> None:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, 30)).map(
        lambda pair: Range(pair[0], min(len(text), pair[0] + pair[1]))
    )
    seen = data.draw(
        st.lists(
            st.builds(
                Attribution,
                st.just("indirect"),
                st.lists(places, min_size=1, max_size=3).map(lambda r: tuple(sorted(r))),
                st.none() | places,
                st.none() | places,
                st.floats(0, 1),
            ),
            max_size=4,
        )
    )
    people = [Entity(Range(*m.span()), "PERSON", 0.9) for m in re.finditer("Anna Lee|Lee", text)]
    found = reconcile(text, seen, Quotations(text, quoted_stretches(text)), people)
    starts = [item.attribution.content[0] for item in found]
    assert starts == sorted(starts)
    for item in found:
        spans = [
            *item.attribution.content,
            *(span for span in (item.attribution.source, item.attribution.cue) if span is not None),
        ]
        assert all(0 <= span.start < span.end <= len(text) for span in spans)
        assert all(any(c.isalnum() for c in text[a:b]) for a, b in item.attribution.content)
        assert all(left.end <= right.start for left, right in pairwise(item.attribution.content))
