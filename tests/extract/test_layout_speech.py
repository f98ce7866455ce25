"""Speech that the layout shows: turns of a dialogue, embedded posts, headlines."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.extract.passes.headlines import headlines
from services.extract.passes.posts import posts
from services.extract.passes.quotations import Quotations
from services.extract.passes.registry import reconcile
from services.extract.passes.turns import turns
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Entity, Range


def named(text: str, *names: str, label: str = "PERSON") -> list[Entity]:
    return [
        Entity(Range(*m.span()), label, 0.9)
        for name in names
        for m in re.finditer(rf"\b{re.escape(name)}\b", text)
    ]


def shown(text: str, found: list[Attribution]) -> list[tuple[str | None, list[str]]]:
    return [
        (text[slice(*a.source)] if a.source else None, [text[slice(*c)] for c in a.content]) for a in found
    ]


BRIEFING = """Press Briefing, January 23, 2017

MR. SPICER: Good afternoon. I want to go over the schedule.

It is a long one.

Q Thanks, Sean. Does he still believe that?

MR. SPICER: He believes what he believes.

(Laughter.)

Q So what does that mean?

MR. SPICER: It means that I've answered your question.

The briefing ended at 2 p.m."""


def test_a_briefing_is_cut_into_turns_with_their_speakers() -> None:
    assert shown(BRIEFING, turns(BRIEFING, ())) == [
        ("MR. SPICER", ["Good afternoon. I want to go over the schedule.", "It is a long one."]),
        ("Q", ["Thanks, Sean. Does he still believe that?"]),
        ("MR. SPICER", ["He believes what he believes."]),
        ("Q", ["So what does that mean?"]),
        ("MR. SPICER", ["It means that I've answered your question."]),
    ]


DIALOGUES = [
    (
        (
            "REAR ADM. JOHN HALVORSEN, ANALYST: We are not ready.\n\nKATE BRIGGS, ANCHOR: 4:57 here."
            " Why?\n\nHALVORSEN: Money.\n\nBRIGGS: Oh."
        ),
        ["REAR ADM. JOHN HALVORSEN", "KATE BRIGGS", "HALVORSEN", "BRIGGS"],
    ),
    (
        (
            "Ann Day: What did you see?\n\nMoira Kerr, farmer: I saw lights.\n\nAnn Day: Did you"
            " run?\n\nMoira Kerr, farmer: Yes."
        ),
        ["Ann Day", "Moira Kerr", "Ann Day", "Moira Kerr"],
    ),
    (
        (
            "Presenter: What did you see?\n\nMoira Kerr: I saw lights.\n\nPresenter: Did you run?\n\nKerr:"
            " Yes, I ran home."
        ),
        ["Presenter", "Moira Kerr", "Presenter", "Kerr"],
    ),
    (
        (
            "THE COURT: Speak up, Mr. Dunn.\n\nTHE WITNESS: I was at the dam at 5:30.\n\nMR. SHAH: No further"
            " questions."
        ),
        ["THE COURT", "THE WITNESS", "MR. SHAH"],
    ),
]


@pytest.mark.parametrize(("text", "speakers"), DIALOGUES, ids=[text[:20] for text, _ in DIALOGUES])
def test_a_label_may_hold_a_role_or_be_one(text: str, speakers: list[str]) -> None:
    found = turns(text, named(text, "Moira Kerr", "Kerr"))
    assert [text[slice(*turn.source)] for turn in found if turn.source] == speakers
    assert all(len(turn.content) == 1 for turn in found)


def test_a_label_in_a_paragraph_of_its_own_speaks_the_next_one() -> None:
    text = (
        "ANN DAY, HOST:\n\nWhat did you see?\n\nMOIRA KERR, BYLINE: I saw lights.\n\nDAY:\n\nDid you"
        " run?\n\nIt was late.\n\nKERR: Yes."
    )
    assert shown(text, turns(text, ())) == [
        ("ANN DAY", ["What did you see?"]),
        ("MOIRA KERR", ["I saw lights."]),
        ("DAY", ["Did you run?", "It was late."]),
        ("KERR", ["Yes."]),
    ]


NO_DIALOGUES = [
    (
        "The board met.\n\nHale, the mayor, added: “We are not ready for it.”\n\nRuth Penn, a clerk, said: “I"
        " am.”"
    ),
    "Hale, the mayor of Tarnford, fired back: “You know every step of it.”\n\nRuth Penn, clerk: “I do not.”",
    (
        "How to plan a garden\n\nSoil: Dig it over. You need a spade.\n\nSun: Six hours will do.\n\nWater:"
        " Twice a week is enough for you."
    ),
    "Tarnford Car 500: You get a big boot.\n\nHarbour Car 20: You will like the seats.",
]


@pytest.mark.parametrize("text", NO_DIALOGUES)
def test_sentences_and_lists_are_no_dialogue(text: str) -> None:
    assert turns(text, named(text, "Hale", "Ruth Penn")) == []


def test_a_turn_is_whole_whatever_the_tagger_saw_in_it() -> None:
    start = BRIEFING.index("what he believes")
    seen = Attribution(
        "indirect",
        (Range(start, start + 16),),
        Range(start - 12, start - 10),
        Range(start - 9, start - 1),
        0.9,
    )
    found = reconcile(BRIEFING, [seen], Quotations(BRIEFING, quoted_stretches(BRIEFING)))
    assert len(found) == 5
    assert {item.attribution.kind for item in found} == {"direct"}


@pytest.mark.parametrize(
    ("text", "people", "expected"),
    [
        ("Q: What happened?\n\nA: We saw the lights go out.", (), ["Q", "A"]),
        ("Anna Lee: Is it over?\n\nPaul Jones: We are not there yet.", ("Anna Lee", "Paul Jones"), ["Anna Lee", "Paul Jones"]),
        ("\"WALLACE: Let me ask you.\n\n\"PENCE: Well, look.\n\n\"WALLACE: If I may?\n\n\"PENCE: Sure.", (), ["WALLACE", "PENCE"] * 2),
        ("WALLACE (voice-over): Did you?\n\nGov. Pence: I did.\n\nWALLACE (voice-over): Why?", (), ["WALLACE", "Gov. Pence", "WALLACE"]),
    ],
)  # fmt: skip
def test_dialogues_of_many_styles(text: str, people: tuple[str, ...], expected: list[str]) -> None:
    assert [source for source, _ in shown(text, turns(text, named(text, *people)))] == expected


@pytest.mark.parametrize(
    "text",
    ["Pros: You get a lot of car.\n\nCons: It is dear.\n\nPros: It is fast.", "Anna Lee: 34 per cent\n\nPaul Jones: 28 per cent",
     "UPDATE: We were wrong.\n\nUPDATE: I am sorry.", "Anna Lee: The mayor has served since 2019.\n\nPaul Jones: The judge retired.",
     "Lavrov: no meeting planned\n\nLavrov said there was none.", "A. Lee said so.\n\nA. Jones did not."],
)  # fmt: skip
def test_lists_tables_and_notices_are_no_dialogue(text: str) -> None:
    assert turns(text, named(text, "Anna Lee", "Paul Jones", "Lavrov")) == []


def test_a_post_is_its_signatures() -> None:
    text = (
        "He answered on Twitter:\n\nWow, did you hear that? REPEAL AND REPLACE!\n\n— Donald J. Trump"
        " (@realDonaldTrump) October 4, 2016\n\nWe will be there – all of us. — Anna Lee (@annalee) March 4,"
        " 2025\n\n“It was rigged,” Trump wrote.\n\n— Donald J. Trump (@realDonaldTrump)"
    )
    assert shown(text, posts(text)) == [
        ("Donald J. Trump", ["Wow, did you hear that? REPEAL AND REPLACE!"]),
        ("Anna Lee", ["We will be there – all of us."]),
    ]


@pytest.mark.parametrize(
    ("text", "source", "content"),
    [
        ("Police: Man shot in downtown Denver\n\nA man was shot.", "Police", "Man shot in downtown Denver"),
        ("Bridge to reopen in May: ministry\n\nIt will.", "ministry", "Bridge to reopen in May"),
        ("Lavrov: no meeting planned with Kyiv\n\nNone is.", "Lavrov", "no meeting planned with Kyiv"),
        (
            "“We will never surrender”: Mayor Anna Lee on the flood\n\nShe is mayor.",
            "Mayor Anna Lee",
            "“We will never surrender”",
        ),
    ],
)
def test_headlines_name_their_source_beside_the_colon(text: str, source: str, content: str) -> None:
    assert shown(text, headlines(text, named(text, "Anna Lee", "Lavrov"), quoted_stretches(text))) == [
        (source, [content])
    ]


@pytest.mark.parametrize(
    "text",
    ["Bridge closure: what we know so far\n\nIt is closed.", "The Latest: Trump urges calm\n\nHe did.", "Anna Lee: an interview\n\nHello.",
     "Live: the vote in Denver\n\nIt began.", "Police said this: the man was shot.", "Anna Lee: What comes next for the mayor\n\nMuch."],
)  # fmt: skip
def test_other_colons_report_nothing(text: str) -> None:
    assert headlines(text, named(text, "Anna Lee"), quoted_stretches(text)) == []


LAYOUT = st.lists(
    st.sampled_from(
        [
            "MR. LEE: ",
            "Q: ",
            "Q ",
            "A: ",
            "Anna Lee: ",
            "— Anna Lee (@lee) May 1, 2020",
            "I do?",
            "Yes.",
            "“",
            "”",
            "\n\n",
            ": ",
            "No one",
            "(",
            "@",
        ]
    ),
    max_size=25,
).map("".join)


@example("“(“— Anna Lee (@lee) May 1, 2020")
@given(LAYOUT)
def test_whatever_the_layout_spans_are_sorted_disjoint_and_hold_words(text: str) -> None:
    people = named(text, "Anna Lee", "LEE")
    found = reconcile(text, [], Quotations(text, quoted_stretches(text)), people)
    pieces = [piece for item in found for piece in item.attribution.content]
    assert all(any(c.isalnum() for c in text[a:b]) and text[a:b].strip() == text[a:b] for a, b in pieces)
    assert pieces == sorted(pieces)
    assert all(left.end <= right.start for left, right in pairwise(pieces))
