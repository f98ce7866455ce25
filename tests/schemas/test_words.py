"""What a word is, to the index and to a search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.words import GAP, base, forms, found, indexed, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“The U.S. won’t reopen Lee’s check-point,” N.A.T.O. said at 9 a.m.",
         "the us won t reopen lee check point nato said at 9 am"),
        ("Wałęsa, Ørsted, İstanbul, Straße, naïve", "walesa orsted istanbul strasse naive"),
        ("Володимир Зеленський", "володимир зеленськии"),
        ("مُحَمَّد محـــمد", "محمد محمد"),
        ("נְבִיא", "נביא"),
        ("हिन्दी में", "हिन्दी में"),
        ("می\u200cخواهم", "می خواهم"),
        ("国会で", "国 会 で"),
        ("대통령은", "대 통 령 은"),
        ("ภาษา", "ภ า ษ า"),
        ("ﾊﾟﾝ", "パ ン"),
        ("gov\u00adernment snake_case", "government snake case"),
        ("— … !", ""),
    ],
)  # fmt: skip
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected.split()


@given(st.text())
def test_words_stand_where_they_say_and_are_made_of_letters(text: str) -> None:
    last = (0, 0)
    for word in found(text):
        # the words that a ligature stands for stand at one place
        assert last[1] <= word.start < word.end <= len(text) or (word.start, word.end) == last
        last = (word.start, word.end)
        assert word.text
        assert GAP not in word.text
        # the index takes words apart at blanks, and SQLite's tokenizer at every other ASCII sign
        assert all(character.isalnum() or not character.isascii() for character in word.text)
        assert not any(character.isspace() for character in word.text)


@given(st.text())
def test_folding_a_word_again_changes_nothing(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once


def test_pieces_are_kept_apart() -> None:
    assert indexed(["It is safe", "to cross"]) == f"it is safe {GAP} to cross"
    assert indexed([]) == ""


def test_stems_go_by_language() -> None:
    assert stem("en", "reopened") == stem("en", "reopens") == "reopen"
    assert stem("de", "hauser") == stem("de", "haus")
    assert stem("ru", "переговорах") == stem("ru", "переговоры")
    assert stem("und", "reopened") == "reopened"
    assert (base("en-GB"), base("DE"), base("tlh"), base("und")) == ("en", "de", "und", "und")


def test_forms_leave_out_what_has_none() -> None:
    assert forms("en", ["bridges", "1999", "a", "会", GAP]) == {("en", "bridg", "bridges")}
