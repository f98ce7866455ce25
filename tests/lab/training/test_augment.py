"""Disguised windows: pieces stay one for one, and a seed gives one sequence of changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from lab.training.augment import Disguise
from services.extract.tagger.encoding import encode
from services.extract.tagger.spec import SHIPPED

TOKENIZER = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
TEXT = '“It is ‘safe’,” Ida Holm said.\n\n"We checked," BBC News was told.'


@given(st.integers(0, 2**32 - 1))
def test_pieces_stay_one_for_one_and_codes_stay_valid(seed: int) -> None:
    pieces = encode(TOKENIZER, TEXT)
    ids, case = Disguise(TOKENIZER, 0.1, seed)(pieces.ids, pieces.case)
    assert len(ids) == len(case) == len(pieces)
    assert case.min() >= 0
    assert case.max() < 15
    assert np.array_equal(case // 10, pieces.case // 10)  # what is glued stays glued
    changed = {TOKENIZER.id_to_token(int(number)) for number in ids[ids != pieces.ids]}
    assert changed <= {"[MASK]", '"', "'", "“", "”", "‘", "’", "«", "»"}


def test_a_seed_gives_one_sequence() -> None:
    pieces = encode(TOKENIZER, TEXT)
    first, second = Disguise(TOKENIZER, 0.1, 7), Disguise(TOKENIZER, 0.1, 7)
    for _ in range(5):
        assert all(
            np.array_equal(*pair)
            for pair in zip(first(pieces.ids, pieces.case), second(pieces.ids, pieces.case), strict=True)
        )


def test_straight_marks_curl_by_the_side_they_stand_on() -> None:
    pieces = encode(TOKENIZER, 'He said: "Go home." She said: "No."')
    worn = set()
    for seed in range(60):
        ids, _ = Disguise(TOKENIZER, 0.0, seed)(pieces.ids, pieces.case)
        worn.add(
            "".join(mark for number in ids if (mark := str(TOKENIZER.id_to_token(int(number)))) in '"“”')
        )
    assert worn == {'""""', "“”“”"}


def test_a_vocabulary_without_the_marks_is_refused() -> None:
    from tokenizers.models import WordLevel

    with pytest.raises(ValueError, match="MASK"):
        Disguise(Tokenizer(WordLevel({"a": 0}, unk_token="a")), 0.1, 0)
