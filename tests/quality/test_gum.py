"""Reading GUM's CoNLL-U and scoring recall on it, on an invented document."""

from pathlib import Path

import pytest

from services.extract.quality.__main__ import main
from services.extract.quality.gum import parse_conllu, score_gum
from services.extract.types import Attribution, Range

# number, form, MISC; the columns in between do not matter here
TOKENS = [
    ("# newpar", "", ""),
    ("1", "“", "Discourse=context-background:2->3:0|SpaceAfter=No"),
    ("2", "It", "_"),
    ("3", "opens", "Discourse=_"),
    ("4", ",", "SpaceAfter=No"),
    ("5", "”", "_"),
    ("6", "Ana", "Discourse=attribution-positive:3->2:0:sem-atsrc-6-7-_+lex-indwd-8-_|Entity=(1-person"),
    ("7", "Weiss", "Entity=1)"),
    ("8", "said", "SpaceAfter=No"),
    ("9", ".", "_"),
    ("# newpar", "", ""),
    ("1", "They", "Discourse=attribution-negative:4->5:0:sem-atsrc-10-gold"),
    ("2-3", "can't", "_"),
    ("2", "ca", "SpaceAfter=No"),
    ("3", "n't", "_"),
    ("4", "know", "_"),
    ("5", "why", "Discourse=ROOT:5:0"),
    ("6", "now", "SpaceAfter=No"),
    ("7", ".", "_"),
]


def conllu() -> str:
    return (
        "\n".join(number if number.startswith("#") else "\t".join([number, form, *["_"] * 7, misc]) for number, form, misc in TOKENS) + "\n"
    )


def test_text_relations_and_signals() -> None:
    article = parse_conllu("x", conllu())
    text = article.text
    assert text == "“It opens ,” Ana Weiss said.\n\nThey can't know why now."
    words = [
        (text[slice(*item.clause)], [text[slice(*p)] for p in item.source], [text[slice(*p)] for p in item.cue])
        for item in article.relations
    ]
    assert words == [("“It opens ,”", ["Ana Weiss"], ["said"]), ("why now.", ["They"], [])]


def test_recall_counts_clauses_and_only_roles_that_are_annotated() -> None:
    article = parse_conllu("x", conllu())
    place = article.text.index("Weiss")
    found = [Attribution("direct", (Range(0, 5),), Range(place, place + 5), None, 1.0)]
    assert score_gum([article], lambda _: found) == {
        "clause found": (1, 2),
        "clause found with its source": (1, 2),
        "clause found with its cue": (0, 1),
    }


def test_an_empty_folder_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--gum", str(tmp_path)]) == 2
    assert "conllu" in capsys.readouterr().err
