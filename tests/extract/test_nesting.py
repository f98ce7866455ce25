"""What someone reports of another is a statement of the other's, within the first one's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import Actor, ActorKind, Claim, Quote, Resolution
from services.extract.actors.resolve import Resolver
from services.extract.extract import Extraction, Extractor
from services.extract.passes.nesting import Marks, Nested, holders, nested
from services.extract.passes.registry import Found
from services.extract.resolved import resolve
from services.extract.text.quotes import quoted_stretches
from services.extract.types import Attribution, Range
from tests.extract.conftest import MakeArticle

CASES = {
    "indirect in indirect": (
        "Bill Roe said that Mary Poe had told reporters that taxes would rise.",
        [("Mary Poe", "taxes would rise", "Bill Roe")],
    ),
    "indirect in direct": (
        "Anna Lee said: “My doctor told me that I would be fine.”",
        [("My doctor", "I would be fine", "Anna Lee")],
    ),
    "direct in direct": (
        "Anna Lee said on Monday: “My doctor told me, ‘You must rest for a month.’ I did not listen.”",
        [("My doctor", "You must rest for a month.", "Anna Lee")],
    ),
    "in the middle of a quote": (
        "“The mayor promised that the bridge would be finished in May,” Peter Brown said. “The mayor lied.”",
        [("The mayor", "the bridge would be finished in May", "Peter Brown")],
    ),
    "three deep": (
        "Mary Poe said that Bill Roe had claimed that his boss told him that the plant would close.",
        [
            ("Bill Roe", "his boss told him that the plant would close", "Mary Poe"),
            ("his boss", "the plant would close", "Bill Roe"),
        ],
    ),
    "in a transcript": (
        (
            "ANNA LEE: What did the boss tell you?\n\nMARY POE: The boss said we would all get paid in June."
            " I was shocked."
        ),
        [("The boss", "we would all get paid in June", "MARY POE")],
    ),
    "of oneself": ("“I told the council that we would not pay,” Anna Lee said.", []),
    "not said yet": ("Anna Lee said that the mayor would tell reporters that taxes would rise.", []),
    "by nobody": ("“Whatever you say, nobody said that this was easy,” Anna Lee said.", []),
    "denied": ("The mayor denied that Mary Jones had told him that the bank would fail.", []),
    "not said": ("John Smith refused to say whether Mary Jones had said that she would resign.", []),
    "a thought": ("Anna Lee said that most people believe that taxes will rise.", []),
}


def by_id(extraction: Extraction) -> Mapping[str, Quote | Claim]:
    statements: list[Quote | Claim] = [*extraction.quotes, *extraction.claims]
    return {statement.event_id: statement for statement in statements}


def name(statement: Quote | Claim) -> str:
    return statement.speaker.name if isinstance(statement, Quote) else statement.claimant.name


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_second_hand_statements_name_the_statement_that_holds_them(
    extractor: Extractor, article: MakeArticle, text: str, expected: list[tuple[str, str, str]]
) -> None:
    statements = by_id(extractor.extract(article(text)))
    inner = [statement for statement in statements.values() if statement.within is not None]
    assert sorted((name(s), s.text, name(statements[s.within or ""])) for s in inner) == sorted(expected)


def test_marks_inside_what_another_said_are_the_others(extractor: Extractor, article: MakeArticle) -> None:
    found = extractor.extract(
        article("Mr. Khan told the court that his wife had said “the money is all gone” before she left.")
    )
    [quote] = found.quotes
    assert (name(quote), quote.text) == ("his wife", "the money is all gone")
    held_by = by_id(found)[quote.within or ""]
    assert (name(held_by), held_by.kind) == ("Khan", "indirect")


def test_an_attribution_already_found_inside_another_is_put_into_it() -> None:
    text = "A said B said c d e. F said g h i."
    outer = Attribution("indirect", (Range(7, 19),), Range(0, 1), Range(2, 6), 0.9)
    inner = Attribution("indirect", (Range(14, 19),), Range(7, 8), Range(9, 13), 0.9)
    other = Attribution("indirect", (Range(28, 33),), Range(21, 22), Range(23, 27), 0.9)
    assert text[slice(*inner.content[0])] == "c d e"
    assert holders([outer, inner, other]) == [None, 0, None]
    assert holders([inner, outer]) == [1, None]


def test_what_one_reports_of_oneself_inside_anothers_words_stays_inside_those() -> None:
    class Names:
        def resolve(self, source: Range | None, *, inherited: Actor | None = None) -> Actor:
            assert source is not None
            name = text[slice(*source)].split()[-1]
            return Actor(
                actor_id=f"person:{name}",
                name=name,
                kind=ActorKind.PERSON,
                resolution=Resolution.NAME,
                confidence=1.0,
            )

        def together(self, actor: Actor) -> tuple[Actor, ...]:
            return ()

    text = "John Smith said that Mary Jones had claimed that Jones had promised to pay."
    outer = Attribution("indirect", (Range(16, 74),), Range(0, 10), Range(11, 15), 0.9)
    middle = Attribution("indirect", (Range(44, 74),), Range(21, 31), Range(32, 43), 0.9)
    inner = Attribution("indirect", (Range(68, 74),), Range(49, 54), Range(55, 67), 0.5)
    found = [Found(attribution) for attribution in (outer, middle, inner)]
    [whole] = resolve(text, found, [], cast(Resolver, Names()), Marks(text, []))
    assert [item.actor.name for item in whole.nested] == ["Jones", "Jones"]
    # what is second-hand is no surer than its holder
    assert [round(item.confidence, 2) for item in whole.nested] == [0.81, 0.45]


@pytest.mark.parametrize(
    ("first", "second"), [("had told", "told"), ("told", "had told"), ("had told", "had told")]
)
def test_a_statement_that_two_readings_cut_differently_is_given_once(first: str, second: str) -> None:
    text = (
        "Bill Roe said that Mary Poe had told reporters that taxes would rise. He said that Mary Poe had told"
        " reporters so."
    )
    whole = "Mary Poe had told reporters that taxes would rise"
    start = text.index(whole)
    outer = Attribution("indirect", (Range(start, start + len(whole)),), Range(0, 8), Range(9, 13), 0.9)

    def reading(words: str, cue: str, content: str) -> Attribution:
        place = words.index(cue)
        said_words = words.index(content)
        return Attribution(
            "indirect",
            (Range(said_words, said_words + len(content)),),
            Range(0, 8),
            Range(place, place + len(cue)),
            0.95,
        )

    def read(words: str) -> list[Attribution]:
        return [reading(words, first, "taxes would rise"), reading(words, second, "that taxes would rise")]

    readings = [item.attribution for item in nested(text, [outer], Marks(text, []), read)]
    assert [text[slice(*a.content[0])] for a in readings] == ["taxes would rise"]
    assert nested(text, [outer, *readings], Marks(text, []), read) == []


@pytest.mark.parametrize(
    ("content", "again"),
    [
        ("Mary Poe said that taxes would rise", True),
        ("the newly-announced plan for the pledged delegates is dead", False),
        ("voters were told that taxes would rise", False),
        ("nobody would ever say that taxes will rise", False),
        ("the plan which was announced is what Mary Poe said it is", True),
        ("taxes would rise and the bridge would be shut", False),
    ],
)
def test_only_what_may_report_somebodys_words_is_read_again(content: str, again: bool) -> None:
    text = f"Bill Roe said that {content}."
    outer = Attribution("indirect", (Range(14, len(text) - 1),), Range(0, 8), Range(9, 13), 0.9)
    passages: list[str] = []

    def read(words: str) -> list[Attribution]:
        passages.append(words)
        return []

    assert nested(text, [outer], Marks(text, []), read) == []
    assert bool(passages) is again


RANGES = st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda pair: Range(pair[0], pair[0] + pair[1]))
ATTRIBUTIONS = st.builds(
    Attribution,
    st.just("indirect"),
    st.lists(RANGES, min_size=1, max_size=2).map(lambda ranges: tuple(sorted(set(ranges)))),
    st.none() | RANGES,
    st.none() | RANGES,
    st.floats(0.5, 1),
)
TEXTS = st.lists(
    st.sampled_from(
        [
            "Lee",
            "she",
            "said",
            "told",
            "that",
            "the",
            "bridge",
            "is",
            "shut",
            "“",
            "”",
            "‘",
            "’",
            ".",
            ",",
            "According",
            "to",
            "\n",
        ]
    ),
    min_size=4,
    max_size=40,
).map(" ".join)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.lists(ATTRIBUTIONS, max_size=5), st.lists(ATTRIBUTIONS, min_size=1, max_size=3))
def test_whatever_a_tagger_answers_inner_ones_lie_in_the_content_of_outer_ones_and_depth_ends(
    text: str, given_first: list[Attribution], answer: list[Attribution]
) -> None:
    def cut(span: Range, size: int) -> Range | None:
        return Range(span.start, min(span.end, size)) if span.start < size else None

    def read(words: str) -> list[Attribution]:
        found = []
        for a in answer:
            content = tuple(piece for span in a.content if (piece := cut(span, len(words))))
            source, cue = (cut(span, len(words)) if span else None for span in (a.source, a.cue))
            if content:
                found.append(Attribution(a.kind, content, source, cue, a.confidence))
        return found

    first = []
    for a in given_first:
        content = tuple(piece for span in a.content if (piece := cut(span, len(text))))
        if content:
            first.append(
                Attribution(
                    a.kind,
                    content,
                    a.source and cut(a.source, len(text)),
                    a.cue and cut(a.cue, len(text)),
                    a.confidence,
                )
            )
    found: list[Nested] = nested(text, first, Marks(text, quoted_stretches(text)), read)
    everything = [*first, *(item.attribution for item in found)]
    for number, item in enumerate(found, len(first)):
        assert item.within < number
        inner, outer = item.attribution, everything[item.within]
        assert inner.source is not None
        assert inner.cue is not None
        assert any(
            all(
                piece.start <= span.start and span.end <= piece.end
                for span in (inner.source, inner.cue, *inner.content)
            )
            for piece in outer.content
        )
        assert all(text[slice(*piece)].strip() for piece in inner.content)
    held_by = holders(everything)
    for number in range(len(everything)):
        seen = set()
        holder: int | None = number
        while holder is not None:
            assert holder not in seen
            seen.add(holder)
            holder = held_by[holder]
