"""The whole extraction on short news texts: who said what, by the conventions of English news print."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Read = Callable[[str], list[tuple[str | None, list[str]]]]


PHRASES = [
    ("According to Anna Lee, the bridge will reopen in May.", "Anna Lee", "the bridge will reopen in May"),
    ("Per the ministry, the work will cost $3 million.", "the ministry", "the work will cost $3 million"),
    ("The work will cost $3 million, per the ministry.", "the ministry", "The work will cost $3 million"),
    (
        "The bridge will reopen in May, according to the ministry.",
        "the ministry",
        "The bridge will reopen in May",
    ),
    (
        "In the words of Mayor Paul Jones, the plan was “a gift to nobody.”",
        "Mayor Paul Jones",
        "the plan was “a gift to nobody.”",
    ),
    (
        "The plan was “a gift to nobody,” in the words of Mayor Paul Jones.",
        "Mayor Paul Jones",
        "The plan was “a gift to nobody,”",
    ),
    ("In Smith’s words, the deal is dead.", "Smith’s", "the deal is dead"),
    (
        "According to a report by the auditor, the city lost $3 million.",
        "a report by the auditor",
        "the city lost $3 million",
    ),
]


@pytest.mark.parametrize(("text", "source", "content"), PHRASES, ids=[text[:30] for text, *_ in PHRASES])
def test_a_phrase_names_the_source(read: Read, text: str, source: str, content: str) -> None:
    assert read(text) == [(source, [content])]


def test_a_phrase_keeps_its_sentence_from_the_source_of_the_one_before(read: Read) -> None:
    found = read(
        "The bridge will reopen in May, according to engineers. Per the ministry, the work will cost $3"
        " million."
    )
    assert found == [
        ("engineers", ["The bridge will reopen in May"]),
        ("the ministry", ["the work will cost $3 million"]),
    ]


MARKS = [
    ("'The bridge isn't safe,' said Anna Lee, the engineers' spokeswoman. 'We've told them that for years.'",
     [["'The bridge isn't safe,'", "'We've told them that for years.'"]]),
    ("‘The workers’ union won’t accept this,’ Mr Jones said. ‘It’s the workers’ money, isn’t it?’",
     [["‘The workers’ union won’t accept this,’", "‘It’s the workers’ money, isn’t it?’"]]),
    ("«The bridge is safe», said Minister Anna Lee on Monday. „We checked it twice“, she added.",
     [["«The bridge is safe»"], ["„We checked it twice“"]]),
    ("“He told me, ‘The bridge is safe,’ and I believed him,” Lee said.",
     [["“He told me, ‘The bridge is safe,’ and I believed him,”"]]),
    ("“I have never,” she said, pausing, “seen anything like it. Never.”",
     [["“I have never,”", "“seen anything like it. Never.”"]]),
    ("“The bridge is safe”, the minister said. “It always was.”",
     [["“The bridge is safe”", "“It always was.”"]]),
    ("“We never thought this could happen, said Anna Lee, the mayor.\n\nThe bridge was closed on Monday.",
     [["“We never thought this could happen,"]]),
    ("Police said: “The suspect is in his 40s.\n\n“He was armed.\n\n“Anyone who sees him should call us.”\n\nA reward was offered.",
     [["“The suspect is in his 40s.", "“He was armed.", "“Anyone who sees him should call us.”"]]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "contents"), MARKS, ids=[text[:30] for text, _ in MARKS])
def test_marks_of_every_style(read: Read, text: str, contents: list[list[str]]) -> None:
    assert [content for _, content in read(text)] == contents


def test_inverted_reporting_clauses_and_signatures(read: Read) -> None:
    assert ("Jones", ["“Nobody listened to us.”"]) in read(
        "The town was angry about the bridge.\n\nSaid Jones: “Nobody listened to us.”"
    )
    assert read("“It will open in May.” – Anna Lee, mayor\n\n“It won't.” — Paul Jones, 54, Denver") == [
        ("Anna Lee, mayor", ["“It will open in May.”"]),
        ("Paul Jones, 54, Denver", ["“It won't.”"]),
    ]
    assert read('"Nobody told us", complained Lee. "Nobody asked", replied Jones.') == [
        ("Lee", ['"Nobody told us"']),
        ("Jones", ['"Nobody asked"']),
    ]


def test_several_sources_speak_together(read: Read) -> None:
    found = read(
        "Anna Lee and Paul Jones said the bridge was safe. Both Lee and Jones told reporters they would"
        " resign."
    )
    assert found == [
        ("Anna Lee and Paul Jones", ["the bridge was safe"]),
        ("Both Lee and Jones", ["they would resign"]),
    ]


def test_negated_cues_report_what_was_not_said(read: Read) -> None:
    found = read(
        "Lee did not say when the bridge would reopen. She denied that the work was late. He refused to say"
        " whether he would go."
    )
    assert found == [
        ("Lee", ["when the bridge would reopen"]),
        ("She", ["that the work was late"]),
        ("He", ["whether he would go"]),
    ]


def test_coordinate_verbs_report_each_for_itself(read: Read) -> None:
    found = read(
        "Lee said the bridge would reopen, warned that costs would rise and added that nobody was hurt."
    )
    assert found == [
        ("Lee", ["the bridge would reopen"]),
        ("Lee", ["that costs would rise"]),
        ("Lee", ["that nobody was hurt"]),
    ]


def test_who_is_asked_does_not_ask(read: Read) -> None:
    found = read("Asked whether she would resign, Lee said she would not.")
    assert ("Lee", ["she would not"]) in found
    assert ("Lee", ["whether she would resign"]) not in found


def test_a_relative_pronoun_is_the_source_of_its_clause(read: Read) -> None:
    [(source, content), *_] = read(
        "The minister, who said last week that taxes would fall, resigned on Friday."
    )
    assert (source, content) == ("who", ["that taxes would fall"])


def test_a_source_ends_before_a_clause_it_leaves_out(read: Read) -> None:
    (source, content), *_ = read(
        "“No comment,” said a spokeswoman for the ministry, who asked not to be named."
    )
    assert source in (
        "a spokeswoman for the ministry",
        "a spokeswoman for the ministry, who asked not to be named",
    )
    assert content == ["“No comment,”"]


SCRAPED = """Bridge to stay closed until May

The bridge will stay closed until May, Mayor Anna Lee said on Monday.

Read more: Ten bridges that fell

“It is not safe,” Lee told the

Related article: The bridge in pictures

council on Monday. “We have to wait.”

Image caption, The bridge in 2019

Getty Images

Advertisement

She said the city had no money."""


def test_furniture_tears_no_speech_apart(read: Read) -> None:
    assert read(SCRAPED) == [
        ("Mayor Anna Lee", ["The bridge will stay closed until May"]),
        ("Lee", ["“It is not safe,”", "“We have to wait.”"]),
        ("She", ["the city had no money"]),
    ]


WRAPPED = """The mayor, Anna Lee, said on Monday that the bridge would stay closed
until May, because engineers had found new cracks in its pillars and had
warned that "nobody should drive over it" before they had been repaired.

"It is not safe," Lee told the council on Monday evening. "We have to
wait."
"""


def test_hard_wraps_are_unwrapped(read: Read) -> None:
    mixed, direct = read(WRAPPED)
    assert mixed[0] == "The mayor, Anna Lee,"
    assert "\n" not in mixed[1][0]
    assert direct == ("Lee", ['"It is not safe,"', '"We have to wait."'])


def test_lists_name_who_is_quoted(read: Read) -> None:
    points = (
        "“It is not safe now” – Mayor Anna Lee",
        "“We warned them about it for years” – engineer Paul Jones",
        "Police: nobody was hurt",
    )
    text = "The reactions\n\n" + "\n".join(f"• {point}" for point in points)
    found = read(text)
    assert [
        (source.split()[-1] if source else None, content)
        for source, content in found
        if content != ["The reactions"]
    ] == [
        ("Lee", ["“It is not safe now”"]),
        ("Jones", ["“We warned them about it for years”"]),
        ("Police", ["nobody was hurt"]),
    ]
