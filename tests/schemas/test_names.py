"""When two spellings are one name, in every script: ``name_key`` decides which actors share an id."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import actor_id, name_key

SAME = [
    ("Volodymyr Zelensky’s", "VOLODYMYR ZELENSKY"),
    ("Beyoncé", "Beyonce"),
    ("Beyonce\u0301", "Beyoncé"),
    ("Jürgen Groß", "JURGEN GROSS"),
    ("ﬁgaro", "Figaro"),  # a ligature
    ("Ｎａｏｍｉ Ｏｓａｋａ", "Naomi Osaka"),  # full-width
    ("İsmet İnönü", "ismet inonu"),
    ("Αλέξης Τσίπρας", "ΑΛΕΞΗΣ ΤΣΙΠΡΑΣ"),
    ("Сергей Лавров", "СЕРГЕЙ ЛАВРОВ"),
    ("محمّد", "محمد"),
    ("בִּנְיָמִין", "בנימין"),
    ("김정은", unicodedata.normalize("NFD", "김정은")),
    ("ガンジー", unicodedata.normalize("NFD", "ガンジー")),
    ("ｶﾞﾝｼﾞｰ", "ガンジー"),  # half-width
    ("葛\U000e0100城", "葛城"),  # a variant of the glyph
    ("फ़िराक़", unicodedata.normalize("NFC", "फ़िराक़")),
    ("ක්\u200dෂ", "ක්ෂ"),
    ("ശ്രീനിവാസന്\u200d", "ശ്രീനിവാസൻ"),  # both ways of writing a chillu
    ("শ্\u200cরী", "শ্রী"),
    ("علی\u200cرضا", "علی رضا"),
]
DIFFERENT = [
    ("किरण", "करण"),  # Devanagari: Kiran, Karan
    ("कमल", "कमला"),  # Kamal, Kamala
    ("सड़क", "सडक"),  # with and without nukta
    ("মিতা", "মতি"),  # Bengali
    ("ਸਿੰਘ", "ਸਘ"),  # Gurmukhi
    ("મોદી", "મદ"),  # Gujarati
    ("மணி", "மண"),  # Tamil
    ("రాము", "రమ"),  # Telugu
    ("ಗೌಡ", "ಗಡ"),  # Kannada
    ("രാമൻ", "രമൻ"),  # Malayalam
    ("අනුර", "අනර"),  # Sinhala
    ("ชัย", "ชย"),  # Thai: a vowel
    ("ไก่", "ไก้"),  # Thai: a tone
    ("ຄຳ", "ຄາ"),  # Lao
    ("ហ៊ុន", "ហន"),  # Khmer
    ("အောင်", "အင"),  # Myanmar
    ("བསྟན", "བསན"),  # Tibetan
    ("かとう", "がとう"),  # kana: voicing
    ("ハハ", "パパ"),
    ("ޝަހީދު", "ޝހދ"),  # Thaana
    ("김", "감"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_differ_by_a_sign_do_not_share_a_key(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["किरण", "ชัยวัฒน์", "ஸ்டாலின்", "ហ៊ុនសែន", "김정은", "がとう"])
def test_a_word_is_not_torn_at_its_signs(name: str) -> None:
    assert actor_id("person", name) == f"person:{name}"


SCRIPTS = {
    "Devanagari": (0x904, 0x94D), "Bengali": (0x985, 0x9CD), "Tamil": (0xB85, 0xBCD), "Malayalam": (0xD05, 0xD4D), "Thai": (0xE01, 0xE4E),
    "Lao": (0xE81, 0xECD), "Myanmar": (0x1000, 0x103F), "Khmer": (0x1780, 0x17D3), "kana": (0x3041, 0x30FA), "Hangul": (0xAC00, 0xD7A3),
    "Ethiopic": (0x1200, 0x135A), "Georgian": (0x10D0, 0x10FA), "Armenian": (0x561, 0x586), "Han": (0x4E00, 0x9FBF),
}  # fmt: skip
"""Letters and signs that a name may be made of, first and last."""


def of_script(first: int, last: int) -> st.SearchStrategy[str]:
    inside = [
        chr(point)
        for point in range(first, last + 1)
        if unicodedata.category(chr(point)) in ("Lo", "Ll", "Mn", "Mc")
    ]
    letters = [character for character in inside if unicodedata.category(character) in ("Lo", "Ll")]
    return st.builds(str.__add__, st.sampled_from(letters), st.text(st.sampled_from(inside), max_size=6))


@pytest.mark.parametrize("script", SCRIPTS)
def test_in_scripts_without_accents_every_sign_counts(script: str) -> None:
    """Different text is a different name, as far as Unicode does not call the two equivalent."""
    names = of_script(*SCRIPTS[script])

    @given(names, names)
    def check(one: str, other: str) -> None:
        equivalent = (
            unicodedata.normalize("NFKC", one).casefold() == unicodedata.normalize("NFKC", other).casefold()
        )
        assert (name_key(one) == name_key(other)) == equivalent
        assert "-" not in name_key(one)

    check()


LATIN = st.text(
    st.characters(max_codepoint=0x24F) | st.characters(min_codepoint=0x1E00, max_codepoint=0x1EFF),
    max_size=12,
)
ACCENTS = st.text(st.characters(min_codepoint=0x300, max_codepoint=0x34E), max_size=2)


@given(st.lists(st.tuples(LATIN, ACCENTS), max_size=4))
def test_keys_of_latin_names_are_what_they_were(parts: list[tuple[str, str]]) -> None:
    """Ids on record depend on them: without accents and case, split where a character is no letter."""
    name = "".join(text + accents for text, accents in parts)
    plain = "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(c))
    for possessive in ("'s", "’s"):
        plain = _without(plain, possessive)
    expected = "".join(c if c.isalnum() or c == "_" else " " for c in plain).split(" ")
    assert name_key(name) == "-".join(word for word in expected if word)


def _without(text: str, possessive: str) -> str:
    """Without the ending, where a word ends behind it."""
    pieces = text.split(possessive)
    kept = pieces[0]
    for piece in pieces[1:]:
        goes_on = piece[:1].isalnum() or piece[:1] == "_"
        kept += possessive + piece if goes_on else piece
    return kept


@given(st.text(max_size=20))
def test_a_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)
    assert unicodedata.is_normalized("NFC", name_key(name))
