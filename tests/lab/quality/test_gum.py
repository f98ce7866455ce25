"""Reading GUM's CoNLL-U and its gold files, and scoring on them, on an invented document."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.quality import gum_gold
from lab.quality.__main__ import main
from lab.quality.gum import DESCRIPTION, NAME, PRONOUN, Entity, GumArticle, GumRelation, Mention, score_gum
from lab.quality.gum_actors import actor_counts, is_right, judged, source_mention
from lab.quality.gum_conllu import parse_conllu
from lab.quality.whole import Whole
from schemas.events import Actor, ActorKind, Resolution
from services.extract.types import Attribution, Range

# number, form, part of speech, tag, parent, MISC; the columns in between do not matter here
RELATION = "Discourse=attribution-positive:3->2:0:sem-atsrc-6-9-_+lex-indwd-10-_"
TOKENS = [
    ("# meta::title = The opening", "", "", "", "", ""),
    ("# newpar", "", "", "", "", ""),
    ("1", "“", "PUNCT", "``", "3", "Discourse=context-background:2->3:0|SpaceAfter=No"),
    ("2", "It", "PRON", "PRP", "3", "Entity=(2-event-new-n-cf1-1-coref)"),
    ("3", "opens", "VERB", "VBZ", "9", "Discourse=_"),
    ("4", ",", "PUNCT", ",", "3", "SpaceAfter=No"),
    ("5", "”", "PUNCT", "''", "3", "_"),
    ("6", "union", "NOUN", "NN", "7", f"{RELATION}|Entity=(1-person-new-n-cf2-1-coref-Ana_Wei%C3%9F"),
    ("7", "president", "NOUN", "NN", "10", "_"),
    ("8", "Ana", "PROPN", "NNP", "7", "_"),
    ("9", "Weiss", "PROPN", "NNP", "8", "Entity=1)"),
    ("10", "said", "VERB", "VBD", "0", "SpaceAfter=No"),
    ("11", ".", "PUNCT", ".", "10", "_"),
    ("# newpar", "", "", "", "", ""),
    ("1", "She", "PRON", "PRP", "3", "Discourse=attribution-negative:4->5:0:sem-atsrc-12-gold|Entity=(1-person-giv-n-cf1-1-coref)"),
    ("2-3", "can't", "_", "_", "_", "_"),
    ("2", "ca", "AUX", "MD", "4", "_"),
    ("3", "n't", "PART", "RB", "4", "_"),
    ("4", "know", "VERB", "VB", "0", "_"),
    ("5", "why", "ADV", "WRB", "4", "Discourse=ROOT:5:0"),
    ("6", "now", "ADV", "RB", "4", "SpaceAfter=No"),
    ("7", ".", "PUNCT", ".", "4", "_"),
]  # fmt: skip


def conllu() -> str:
    return (
        "\n".join(
            (
                number
                if number.startswith("#")
                else "\t".join([number, form, "_", part, tag, "_", parent, "_", "_", misc])
            )
            for number, form, part, tag, parent, misc in TOKENS
        )
        + "\n"
    )


def article() -> GumArticle:
    return parse_conllu("x", conllu())


def at(words: str) -> Range:
    start = article().text.index(words)
    return Range(start, start + len(words))


def actor(name: str, confidence: float = 0.9) -> Actor:
    return Actor(
        actor_id=f"person:{name.lower()}",
        name=name,
        kind=ActorKind.PERSON,
        resolution=Resolution.NAME,
        confidence=confidence,
    )


def test_text_relations_and_signals() -> None:
    read = article()
    text = read.text
    assert text == "“It opens ,” union president Ana Weiss said.\n\nShe can't know why now."
    words = [
        (
            text[slice(*item.clause)],
            [text[slice(*p)] for p in item.source],
            [text[slice(*p)] for p in item.cue],
        )
        for item in read.relations
    ]
    assert words == [("“It opens ,”", ["union president Ana Weiss"], ["said"]), ("why now.", ["She"], [])]
    assert read.title == "The opening"


def test_mentions_know_their_entity_form_and_name() -> None:
    read = article()
    shown = [(read.text[slice(*m.span)], read.text[slice(*m.head)], m.form, m.entity) for m in read.mentions]
    assert shown == [
        ("It", "It", PRONOUN, 2),
        ("union president Ana Weiss", "Ana Weiss", NAME, 1),
        ("She", "She", PRONOUN, 1),
    ]
    assert read.entities == {1: Entity("person", "Ana Weiß"), 2: Entity("event", None)}


def test_recall_counts_clauses_and_only_roles_that_are_annotated() -> None:
    read = article()
    found = [
        Attribution("direct", (Range(0, 5),), at("Weiss"), None, 1.0),
        Attribution("indirect", (at("know"),), None, None, 1.0),
    ]
    assert score_gum([read], lambda _: found) == {
        "clause found": (1, 2),
        "clause found with its source": (1, 2),
        "clause found with its cue": (0, 1),
        "found holds a clause": (1, 2),
    }


def test_gold_files_hold_everything(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.conllu").write_text(conllu(), encoding="utf-8")
    assert gum_gold.main([str(tmp_path / "in"), str(tmp_path / "out")]) == 0
    assert gum_gold.read_gum(tmp_path / "out") == [article()]


spans = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: Range(min(pair), max(pair)))


@given(
    st.builds(
        GumArticle,
        name=st.text(),
        text=st.text(max_size=60),
        relations=st.lists(
            st.builds(GumRelation, spans, st.lists(spans).map(tuple), st.lists(spans).map(tuple)), max_size=3
        ).map(tuple),
        mentions=st.lists(
            st.builds(Mention, st.integers(0, 9), spans, spans, st.sampled_from([NAME, PRONOUN])), max_size=3
        ).map(tuple),
        entities=st.dictionaries(
            st.integers(0, 9), st.builds(Entity, st.text(), st.none() | st.text()), max_size=3
        ),
        url=st.text(),
        title=st.text(),
    )
)
def test_any_article_survives_its_gold_file(read: GumArticle) -> None:
    assert gum_gold.from_json(json.loads(gum_gold.written(read))) == read


def test_the_committed_gold_is_whole() -> None:
    """Every offset inside its text, every mention's entity known, every source of text in CC BY named."""
    articles = gum_gold.read_gum(gum_gold.COMMITTED)
    assert len(articles) == 20
    for read in articles:
        assert read.url.startswith("https://en.wikinews.org/wiki/")
        assert read.title
        for mention in read.mentions:
            assert (
                0
                <= mention.span.start
                <= mention.head.start
                < mention.head.end
                <= mention.span.end
                <= len(read.text)
            )
            assert mention.entity in read.entities
        for relation in read.relations:
            assert all(
                0 <= s.start < s.end <= len(read.text)
                for s in (relation.clause, *relation.source, *relation.cue)
            )


def test_end_to_end_asks_for_the_actor_and_not_for_the_place_of_the_source() -> None:
    read = article()
    outer = Attribution("direct", (at("why now"),), None, None, 0.9)  # who speaks is known from elsewhere
    named, pronoun = judged(read, Whole(read.text, (outer,), (actor("Ana Weiss"),), ()))
    assert (named.matched, named.right_anyhow) == (False, False)
    assert (pronoun.matched, pronoun.right, pronoun.right_anyhow) == (False, False, True)


def test_the_mention_of_a_source_covers_it_well_enough() -> None:
    first, second = article().relations
    named, pronoun = (source_mention(article(), relation) for relation in (first, second))
    assert named is not None
    assert named.form == NAME
    assert pronoun is not None
    assert pronoun.form == PRONOUN
    assert source_mention(article(), first._replace(source=(at("opens"),))) is None


def verdicts(*names: str) -> dict[str, tuple[int, int]]:
    """Both relations found, their sources resolved to ``names``."""
    read = article()
    found = (
        Attribution("direct", (at("It opens"),), at("Weiss"), None, 0.9),
        Attribution("indirect", (at("why now"),), at("She"), None, 0.9),
    )
    return actor_counts(
        list(judged(read, Whole(read.text, found[: len(names)], tuple(actor(name) for name in names), ())))
    )


def test_actors_are_counted_matched_and_end_to_end() -> None:
    assert verdicts("Ana Weiss", "Ana Weiss") == {
        "pronoun source → entity, matched": (1, 1),
        "pronoun source → entity, end to end": (1, 1),
        "name source → canonical name, matched": (1, 1),
        "name source → canonical name, end to end": (1, 1),
    }
    assert verdicts("Weiss", "she")["name source → canonical name, matched"] == (0, 1)  # not the fullest name
    assert verdicts("Weiss", "Weiss")["pronoun source → entity, matched"] == (1, 1)  # but the right entity
    only_first = verdicts("Ana Weiss")
    assert "pronoun source → entity, matched" not in only_first
    assert only_first["pronoun source → entity, end to end"] == (0, 1)


@pytest.mark.parametrize(
    ("form", "name", "right"),
    [
        (NAME, "Ana Weiss", True),
        (NAME, "Ana Maria Weiss", True),  # a middle name tells no one apart
        (NAME, "Ana Weiß", True),  # the Wikipedia title
        (NAME, "Weiss", False),
        (NAME, "Eva Weiss", False),
        (PRONOUN, "Weiss", True),
        (PRONOUN, "Bob Hill", False),
    ],
)
def test_what_counts_as_right(form: str, name: str, right: bool) -> None:
    read = article()
    assert is_right(read, read.mentions[1]._replace(form=form), name) is right


def test_a_description_is_right_when_it_holds_the_head_of_the_entity() -> None:
    text = "The outgoing mayor of Linz spoke. She said no."
    mentions = (
        Mention(1, Range(0, 26), Range(13, 18), DESCRIPTION),
        Mention(1, Range(34, 37), Range(34, 37), PRONOUN),
    )
    read = GumArticle("y", text, (), mentions, {1: Entity("person", None)})
    for name, right in (
        ("the mayor", True),
        ("outgoing mayor of Linz", True),
        ("Linz", False),
        ("a mayor of Wels", False),
    ):
        assert is_right(read, mentions[1], name) is right, name


def test_an_empty_folder_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--gum", str(tmp_path)]) == 2
    assert "conllu" in capsys.readouterr().err
