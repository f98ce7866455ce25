"""Tag sequences obey the grammar, and are the best that do."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.extract.tagger.bio import best_tags, best_under_grammar, grammar, tag_spans, word_scores

TAGS = 5  # O, B and I of two labels


def obeys(path: tuple[int, ...]) -> bool:
    before = 0
    for tag in path:
        if tag and tag % 2 == 0 and before not in (tag - 1, tag):
            return False
        before = tag
    return True


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_viterbi_finds_the_best_allowed_sequence(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(size=(count, TAGS)).astype(np.float32)
    transitions = grammar(TAGS)[None] + random.normal(size=(2, TAGS, TAGS)).astype(np.float32)
    boundary = random.integers(0, 2, count)

    def total(path: tuple[int, ...]) -> float:
        steps = sum(transitions[boundary[i], path[i - 1], path[i]] for i in range(1, count))
        return float(sum(scores[i, tag] for i, tag in enumerate(path)) + steps)

    path = tuple(best_tags(scores, transitions, boundary).tolist())
    assert obeys(path)
    best = max(total(other) for other in product(range(TAGS), repeat=count) if obeys(other))
    assert np.isclose(total(path), best, atol=1e-4)


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.floats(0.5, 4))
def test_under_the_grammar_alone_few_words_are_decided_together_and_the_answer_is_as_good(
    seed: int, count: int, outside: float
) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(size=(count, TAGS)).astype(np.float32)
    scores[:, 0] += np.float32(outside * random.random())
    found = best_under_grammar(scores)
    best = best_tags(scores, grammar(TAGS)[None])
    assert obeys(tuple(found.tolist()))
    words = np.arange(count)
    assert np.isclose(scores[words, found].sum(), scores[words, best].sum(), atol=1e-4)


@given(st.integers(0, 2**32 - 1), st.integers(6, 300))
def test_stretches_side_by_side_give_what_word_by_word_gives(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(size=(count, TAGS))
    transitions = grammar(TAGS) + random.normal(size=(TAGS, TAGS))
    best = np.where((np.arange(TAGS) > 0) & (np.arange(TAGS) % 2 == 0), -1e9, scores[0])
    for row in scores[1:]:
        best = (best[:, None] + transitions).max(axis=0) + row
    path = best_tags(scores.astype(np.float32), transitions[None].astype(np.float32))
    total = scores[np.arange(count), path].sum() + transitions[path[:-1], path[1:]].sum()
    assert obeys(tuple(path.tolist()))
    assert np.isclose(total, best.max(), atol=1e-2)


def test_no_words_no_tags() -> None:
    assert len(best_under_grammar(np.zeros((0, TAGS), np.float32))) == 0
    assert len(best_tags(np.zeros((0, TAGS), np.float32), grammar(TAGS)[None])) == 0


def test_a_word_of_several_pieces_gets_one_label() -> None:
    scores = np.log(np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]], np.float32))
    (word,) = word_scores(scores, np.array([0]))
    # B then I, I: two of three pieces agree with a span that begins here.
    assert np.isclose(word[1], np.log([0.8, 0.8, 0.1]).mean(), atol=1e-5)
    assert np.isclose(word[2], np.log([0.1, 0.8, 0.1]).mean(), atol=1e-5)
    assert np.isclose(word[0], np.log([0.1, 0.1, 0.8]).mean(), atol=1e-5)


def test_spans_of_a_sequence() -> None:
    tags = np.array([0, 1, 2, 3, 1, 2, 0, 3, 4])
    scores = np.zeros((len(tags), TAGS), np.float32)
    assert [span[:3] for span in tag_spans(tags, scores)] == [(0, 1, 3), (1, 3, 4), (0, 4, 6), (1, 7, 9)]
