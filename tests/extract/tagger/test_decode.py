"""Whatever the network says, attributions are exact, whole words, and never raise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from services.extract.tagger.boundaries import Boundary, read_words
from services.extract.tagger.claims import PieceClaims
from services.extract.tagger.decode import Decoder
from services.extract.tagger.encoding import Pieces, encode
from services.extract.tagger.network import LINKS_KEPT, FloatArray, Scores
from services.extract.tagger.spec import ENTITY_TAGS, ROLE_TAGS, SHIPPED, Decoding, ModelSpec
from services.extract.types import Attribution, Range

TOKENIZER = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
PLAIN = Decoder(ModelSpec(name="test", version="1", sha256=""))
ALL_EVIDENCE = Decoder(
    ModelSpec(name="test", version="1", sha256="", decoding=Decoding(end_weight=0.7, none_weight=0.3))
)

# What real articles hold, and what breaks things.
news = st.text(
    alphabet=st.sampled_from(list("abE .,:;!?\n\r\t“”‘’\"'«»-—()0123éİß😀\u0301\u200b\x00\ud800")),
    max_size=80,
)
any_text = st.one_of(news, st.text(alphabet=st.characters(), max_size=80))


def log_softmax(logits: FloatArray) -> FloatArray:
    """Natural logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    normalised: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


def random_scores(count: int, seed: int) -> Scores:
    random = np.random.default_rng(seed)
    shape = (count, min(LINKS_KEPT, max(1, count)))
    return Scores(
        roles=log_softmax(random.normal(scale=3, size=(count, len(ROLE_TAGS))).astype(np.float32)),
        entities=log_softmax(random.normal(scale=3, size=(count, len(ENTITY_TAGS))).astype(np.float32)),
        link_to=random.integers(0, max(1, count), shape),
        link_probability=(random.random(shape) / shape[1]).astype(np.float32),
        no_source=random.random(count).astype(np.float32),
        ends=random.normal(scale=3, size=count).astype(np.float32),
        claims=random.normal(scale=3, size=count).astype(np.float32),
    )


@settings(max_examples=300)
@given(any_text, st.integers(0, 2**32 - 1), st.sampled_from([PLAIN, ALL_EVIDENCE]))
def test_attributions_are_exact_for_any_text_and_any_scores(text: str, seed: int, decoder: Decoder) -> None:
    pieces = encode(TOKENIZER, text)
    found = decoder.attributions(text, pieces, random_scores(len(pieces), seed))
    assert list(found) == sorted(found, key=lambda item: item.content)
    for item in found:
        assert item.content
        assert item.kind in ("direct", "mixed", "indirect")
        assert 0 <= item.confidence <= item.source_confidence <= 1
        last = 0
        for part in item.content:
            assert last <= part.start < part.end <= len(text)
            last = part.end
        for span in (*item.content, item.source, item.cue):
            if span is not None:
                words = text[span.start : span.end]
                assert words == words.strip() != ""
    for entity in PLAIN.entities(text, pieces, random_scores(len(pieces), seed)):
        assert 0 <= entity.span.start < entity.span.end <= len(text)


@given(any_text)
def test_pieces_lie_in_the_text_in_order(text: str) -> None:
    pieces = encode(TOKENIZER, text)
    assert bool((pieces.starts <= pieces.ends).all())
    assert bool((np.diff(pieces.starts) >= 0).all())
    assert not len(pieces) or int(pieces.ends.max()) <= len(text)
    words = read_words(text, pieces)
    assert not len(words) or (words.first[0], words.last[-1]) == (0, len(pieces))
    assert bool((words.first[1:] == words.last[:-1]).all())


class Sure:
    """Scores of a network that is sure of what a test says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces: Pieces = encode(TOKENIZER, text)
        count = len(self.pieces)
        self.roles = np.full((count, len(ROLE_TAGS)), -6.0, np.float32)
        self.roles[:, 0] = 0
        self.link_to = np.full((count, LINKS_KEPT), -1)
        self.link_probability = np.zeros((count, LINKS_KEPT), np.float32)
        self.no_source = np.zeros(count, np.float32)
        self.ends = np.full(count, -6.0, np.float32)

    def pieces_of(self, words: str) -> range:
        start = self.text.index(words)
        inside = (self.pieces.starts < start + len(words)) & (self.pieces.ends > start)
        return range(int(np.flatnonzero(inside)[0]), int(np.flatnonzero(inside)[-1]) + 1)

    def mark(self, role: str, words: str, cue: str | None = None, mass: float = 0.9) -> "Sure":
        places = self.pieces_of(words)
        self.roles[places] = -6
        self.roles[places, ROLE_TAGS.index(f"I-{role}")] = 0
        self.roles[places.start] = -6
        self.roles[places.start, ROLE_TAGS.index(f"B-{role}")] = 0
        if cue is not None:
            self.link_to[places, 0] = self.pieces_of(cue).start
            self.link_probability[places, 0] = mass
        return self

    def unsourced(self, words: str, probability: float = 0.9) -> "Sure":
        """The pieces of ``words`` say that their attribution names no source."""
        self.no_source[self.pieces_of(words)] = probability
        return self

    def ends_with(self, words: str) -> "Sure":
        self.ends[self.pieces_of(words)[-1]] = 6
        return self

    def decode(self, decoder: Decoder = PLAIN) -> tuple[Attribution, ...]:
        count = len(self.pieces)
        scores = Scores(
            log_softmax(self.roles),
            np.zeros((count, len(ENTITY_TAGS)), np.float32),
            self.link_to,
            self.link_probability,
            self.no_source,
            self.ends,
            np.zeros(count, np.float32),
        )
        return decoder.attributions(self.text, self.pieces, scores)

    def read(self, decoder: Decoder = PLAIN) -> list[tuple[str | None, str | None, list[str]]]:
        def words(span: tuple[int, int] | None) -> str | None:
            return self.text[slice(*span)] if span else None

        return [
            (words(item.source), words(item.cue), [self.text[slice(*part)] for part in item.content])
            for item in self.decode(decoder)
        ]


def test_a_plain_statement() -> None:
    text = Sure("The mayor said the bridge is safe.")
    text.mark("SOURCE", "The mayor", "said").mark("CUE", "said", "said").mark(
        "CONTENT", "the bridge is safe", "said"
    )
    assert text.read() == [("The mayor", "said", ["the bridge is safe"])]
    assert text.decode()[0].kind == "indirect"


def test_content_around_an_aside_is_one_item() -> None:
    text = Sure("“It is safe,” the mayor said, “and open.”")
    text.mark("SOURCE", "the mayor", "said").mark("CUE", "said", "said")
    text.mark("CONTENT", "“It is safe,”", "said").mark("CONTENT", "“and open.”", "said")
    assert text.read() == [("the mayor", "said", ["“It is safe,”", "“and open.”"])]
    assert text.decode()[0].kind == "direct"


def test_a_cue_may_say_that_it_has_no_source() -> None:
    text = Sure("The mayor left early and it was said that the bridge is safe.")
    text.mark("SOURCE", "The mayor", "said", mass=0.05).mark("CUE", "said", "said").mark(
        "CONTENT", "that the bridge is safe", "said"
    )
    assert text.read(ALL_EVIDENCE)[0][0] == "The mayor"
    assert text.unsourced("said").unsourced("that the bridge is safe").read(ALL_EVIDENCE)[0][0] is None


def test_a_source_stands_in_the_sentence_of_its_cue() -> None:
    text = Sure("The mayor left early. The driver said that the bridge is safe.")
    text.mark("SOURCE", "The mayor", "said").mark("CUE", "said", "said").mark(
        "CONTENT", "that the bridge is safe", "said"
    )
    assert text.read()[0][0] is None
    assert text.mark("SOURCE", "The driver", "said", mass=0.1).read()[0][0] == "The driver"


def test_who_was_told_is_not_who_told() -> None:
    text = Sure("Paul Lee told host Jane Roe that the bridge is safe.")
    text.mark("SOURCE", "host Jane Roe", "told").mark("CUE", "told", "told").mark(
        "CONTENT", "that the bridge is safe", "told"
    )
    assert text.read()[0][0] is None
    assert text.mark("SOURCE", "Paul Lee", "told", mass=0.1).read()[0][0] == "Paul Lee"


@pytest.mark.parametrize(
    ("probability", "linked", "expected"),
    [(0.3, "said", "The mayor"), (0.3, None, None), (0.01, "said", None)],
)
def test_a_source_too_weak_to_stand_alone_is_found_by_the_cue_that_needs_one(
    probability: float, linked: str | None, expected: str | None
) -> None:
    text = Sure("Early on The mayor said that the bridge is safe.")
    text.mark("SOURCE", "The mayor", linked).mark("CUE", "said", "said").mark(
        "CONTENT", "that the bridge is safe", "said"
    )
    places = text.pieces_of("The mayor")
    text.roles[places] = np.log([1 - probability, 1e-3, probability, 1e-3, 1e-3, 1e-3, 1e-3])
    text.roles[places.start] = np.log([1 - probability, probability, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
    assert text.read() == [(expected, "said", ["that the bridge is safe"])]
    assert text.unsourced("said").unsourced("that the bridge is safe").read()[0][0] is None


def test_a_cue_left_without_content_takes_the_one_behind_it_from_a_cue_that_has_others() -> None:
    text = Sure("The mayor said it is safe but pledged to stay calm.")
    text.mark("SOURCE", "The mayor", "said").mark("CUE", "said", "said").mark("CONTENT", "it is safe", "said")
    text.mark("CUE", "pledged", "pledged").mark("CONTENT", "to stay calm", "said")
    assert text.read() == [("The mayor", "said", ["it is safe"]), ("The mayor", "pledged", ["to stay calm"])]
    alone = Sure("The mayor said and pledged to stay calm.")
    alone.mark("CUE", "said", "said").mark("CUE", "pledged", "pledged").mark(
        "CONTENT", "to stay calm", "said"
    )
    assert alone.read() == [(None, "said", ["to stay calm"])]


def test_a_content_ends_where_the_network_says() -> None:
    text = Sure("He said the bridge is safe as of today.")
    text.mark("CUE", "said", "said").mark("CONTENT", "the bridge is safe as of", "said")
    text.roles[text.pieces_of("as of")] = np.log([0.55, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 0.45])
    text.roles[text.pieces_of("as")] = np.log([0.45, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 0.55])
    assert text.ends_with("safe").read(ALL_EVIDENCE)[0][2] == ["the bridge is safe"]
    assert text.read(PLAIN)[0][2] != ["the bridge is safe"]


def test_evidence_of_claims_is_the_mean_over_the_words_asked_for() -> None:
    text = "Prices rose by nine per cent. Hello."
    pieces = encode(TOKENIZER, text)
    scores = random_scores(len(pieces), 3)
    claims = PieceClaims(pieces, scores)
    first = pieces.ends <= text.index(" Hello")
    assert claims([Range(0, text.index(" Hello"))]) == pytest.approx(float(scores.claims[first].mean()))
    assert claims([]) is None
    assert claims([Range(len(text), len(text))]) is None


def test_a_source_is_shared_between_two_cues() -> None:
    text = Sure("The mayor said it is safe and added it is open.")
    text.mark("SOURCE", "The mayor", "said").mark("CUE", "said", "said").mark("CONTENT", "it is safe", "said")
    text.mark("CUE", "added", "added").mark("CONTENT", "it is open", "added")
    assert text.read() == [("The mayor", "said", ["it is safe"]), ("The mayor", "added", ["it is open"])]


def test_a_source_of_another_paragraph_is_not_borrowed() -> None:
    text = Sure("The mayor smiled.\n\n“It is safe.”")
    text.mark("SOURCE", "The mayor").mark("CONTENT", "“It is safe.”")
    assert text.read() == [(None, None, ["“It is safe.”"])]


def test_marks_and_loose_punctuation_at_the_edges() -> None:
    text = Sure("He said: “It is safe,” and left.")
    text.mark("SOURCE", "He", "said").mark("CUE", "said", "said").mark("CONTENT", "It is safe,", "said")
    assert text.read() == [("He", "said", ["“It is safe,”"])]
    text = Sure("He said it is safe, and.")
    text.mark("SOURCE", "He", "said").mark("CUE", "said", "said").mark("CONTENT", "it is safe, and.", "said")
    assert text.read() == [("He", "said", ["it is safe,"])] or text.read() == [("He", "said", ["it is safe"])]


@pytest.mark.parametrize("word", ["U.S.", "12,500.75", "run-off", "didn’t"])
def test_no_span_cuts_a_word(word: str) -> None:
    text = Sure(f"He said {word} now")
    text.mark("CUE", "said", "said").mark("CONTENT", word[:2], "said")
    ((_, _, content),) = text.read() or [(None, None, [word])]
    assert content == [word]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("“safe and open”", "direct"),
        ("that it is “safe and open”", "mixed"),
        ("that it is safe and open", "indirect"),
    ],
)
def test_kinds(content: str, kind: str) -> None:
    text = Sure(f"He said {content} today.")
    text.mark("CUE", "said", "said").mark("CONTENT", content, "said")
    assert text.decode()[0].kind == kind


def test_a_sure_network_gives_a_higher_confidence_than_an_unsure_one() -> None:
    sure = (
        Sure("The mayor said it is safe.").mark("CUE", "said", "said").mark("CONTENT", "it is safe", "said")
    )
    unsure = (
        Sure("The mayor said it is safe.").mark("CUE", "said", "said").mark("CONTENT", "it is safe", "said")
    )
    unsure.roles[unsure.pieces_of("it is safe"), 0] = -0.5
    assert sure.decode()[0].confidence > unsure.decode()[0].confidence


def test_a_source_is_surer_the_less_the_network_says_that_there_is_none_and_nobody_the_more() -> None:
    def confidence(start: str, none: float) -> tuple[bool, float]:
        text = (
            Sure(f"{start} said it is safe.")
            .mark("CUE", "said", "said")
            .mark("CONTENT", "it is safe", "said")
        )
        # unsure of the words: what is said of the source decides
        text.roles[text.pieces_of("it is safe"), 0] = -0.1
        if start == "The mayor":
            text.mark("SOURCE", start, "said")
        (found,) = text.unsourced("said", none).unsourced("it is safe", none).decode()
        return found.source is not None, found.source_confidence

    named, nameless = "The mayor", "It was"
    assert confidence(named, 0.1)[0]
    assert not confidence(nameless, 0.1)[0]
    assert confidence(named, 0.1) > confidence(named, 0.4)
    assert confidence(nameless, 0.9) > confidence(nameless, 0.1)


def test_boundaries_know_paragraphs_marks_and_stops() -> None:
    text = "Yes. “No, no.”\nMaybe"
    words = read_words(text, encode(TOKENIZER, text))
    inside = Boundary.INSIDE
    assert words.boundary.tolist() == [
        Boundary.LINE,
        Boundary.BEFORE_STOP,
        Boundary.BEFORE_OPENING_MARK,
        Boundary.AFTER_OPENING_MARK + inside,
        Boundary.BEFORE_COMMA + inside,
        Boundary.AFTER_COMMA + inside,
        Boundary.BEFORE_STOP + inside,
        Boundary.BEFORE_CLOSING_MARK,
        Boundary.LINE,
    ]
