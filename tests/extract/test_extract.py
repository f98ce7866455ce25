from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import ArticleStatus, Claim, Outcome, Quote, Resolution
from schemas.ids import text_sha256
from services.chassis.errors import LimitExceeded
from services.extract.extract import EXTRACTOR_VERSION, Extraction, Extractor, Limits, events, extract
from services.extract.types import Attribution, Entity, Range, Tagged
from tests.extract.conftest import MakeArticle


def check(extraction: Extraction) -> None:
    """The invariants every extraction keeps."""
    document = extraction.document
    text = document.text
    assert document.text_sha256 == text_sha256(text)
    assert document.quote_ids == tuple(quote.quote_id for quote in extraction.quotes)
    assert document.claim_ids == tuple(claim.claim_id for claim in extraction.claims)
    assert len(set(document.quote_ids + document.claim_ids)) == len(document.quote_ids + document.claim_ids)
    statements: list[Quote | Claim] = [*extraction.quotes, *extraction.claims]
    for statement in statements:
        assert statement.text_sha256 == document.text_sha256
        assert statement.article.document_id == document.document_id
        assert statement.text == " […] ".join(span.exact for span in statement.spans)
        cue = [statement.cue.span] if statement.cue else []
        for span in (*statement.spans, *cue):
            assert text[span.start : span.end] == span.exact
            assert span.exact.strip() == span.exact
        assert list(statement.spans) == sorted(statement.spans, key=lambda span: span.start)
        assert all(a.end <= b.start for a, b in zip(statement.spans, statement.spans[1:], strict=False))
    attributions = list(extraction.attributions)
    for found in attributions:
        attributions += found.nested
        assert found.content
        mention = found.actor.mention
        assert mention is None or text[mention.start : mention.end] == mention.exact
        assert all(text[a:b].strip() for a, b in found.content)
        for inner in found.nested:
            assert inner.actor.actor_id != found.actor.actor_id
            assert any(a <= inner.hull.start and inner.hull.end <= b for a, b in found.content)
    by_id = {statement.event_id: statement for statement in statements}
    for statement in statements:
        if statement.within is not None:
            # strictly inside, so that there are no circles
            held = (statement.spans[0].start, statement.spans[-1].end)
            holders = [(span.start, span.end) for span in by_id[statement.within].spans]
            assert any(start <= held[0] and held[1] <= end and (start, end) != held for start, end in holders)
    known = {quote.quote_id for quote in extraction.quotes}
    assert all(claim.quote_id in known for claim in extraction.claims if claim.quote_id is not None)


@pytest.fixture(scope="module")
def lavrov(extractor: Extractor, article: MakeArticle, sample: str) -> Extraction:
    return extractor.extract(article(sample, language="und"))


SAID = [
    (
        "Sergei Lavrov",
        (
            "there are no current plans for a meeting between President Vladimir Putin and Ukrainian leader"
            " Volodymyr Zelensky"
        ),
    ),
    (
        "Sergei Lavrov",
        (
            "President Putin said clearly that he is ready to meet, provided this meeting is really going to"
            " have an agenda"
        ),
    ),
    ("Sergei Lavrov", "There is no meeting planned."),
    (
        "Donald Trump",
        (
            "preparations were apparently underway for a face-to-face meeting between the Ukrainian and"
            " Russian leaders"
        ),
    ),
    (
        "Vladimir Putin",
        "he would only meet Zelensky if a deal to end the war had already been worked out in advance",
    ),
    ("Sergei Lavrov", "President Trump suggested after Anchorage several points which we share"),
    ("Sergei Lavrov", "the White House and Kremlin were aligned on some negotiating points"),
    (
        "Sergei Lavrov",
        "Zelensky said no to everything. He even said no to canceling legislation prohibiting the",
    ),
    ("Sergei Lavrov", "How can we meet with a person who is pretending to be a leader?"),
    (
        "Donald Trump",
        "Ukraine should not be admitted to NATO and should consider making territorial concessions",
    ),
    (
        "Volodymyr Zelensky",
        "he wanted more clarity on Western security guarantees before committing to a summit with Putin",
    ),
    ("Volodymyr Zelensky", "willingness to meet Putin"),
    ("Sergei Lavrov", "Moscow must have an effective veto in any such discussions"),
    ("Donald Trump", "he would know “within two weeks” whether Ukraine and Russia were making any progress"),
    ("Donald Trump", "After that, we’ll have to maybe take a different tack,"),
]


@pytest.mark.parametrize(("person", "words"), SAID, ids=[words[:40] for _, words in SAID])
def test_every_reported_statement_of_the_sample_is_its_speakers(
    lavrov: Extraction, person: str, words: str
) -> None:
    text = lavrov.document.text
    start = text.index(words)
    end = start + len(words)
    speakers = {
        found.actor.name for found in lavrov.attributions for a, b in found.content if a <= start and end <= b
    }
    assert speakers == {person}


def test_what_nobody_in_the_sample_says_is_nobodys(lavrov: Extraction) -> None:
    text = lavrov.document.text
    start = text.index("as an attempt to defuse")
    speakers = {
        found.actor.resolution for found in lavrov.attributions for a, b in found.content if a <= start < b
    }
    assert speakers <= {Resolution.UNRESOLVED}
    relative = next(
        found
        for found in lavrov.attributions
        if text[slice(*found.content[0])] == "willingness to meet Putin"
    )
    assert (relative.actor.name, relative.actor.resolution) == (
        "Volodymyr Zelensky",
        Resolution.RELATIVE_PRONOUN,
    )


def test_the_samples_quotes_carry_the_words_without_marks_and_the_person(lavrov: Extraction) -> None:
    check(lavrov)
    by_words = {span.exact: quote for quote in lavrov.quotes for span in quote.spans}
    last = by_words["After that, we’ll have to maybe take a different tack,"]
    assert last.speaker.actor_id == "person:donald-trump"
    assert last.speaker.resolution is Resolution.PRONOUN
    assert last.speaker.mention is not None
    assert last.speaker.mention.exact == "he"
    assert by_words["within two weeks"].kind == "mixed"
    assert "Coalition of the Willing" not in by_words
    assert all(not re.search("[“”]", span.exact) for quote in lavrov.quotes for span in quote.spans)
    assert lavrov.document.language == "en"
    assert lavrov.document.outcome is Outcome.EXTRACTED


def test_claims_of_the_sample_have_cue_stance_and_score(lavrov: Extraction) -> None:
    claims = {claim.text: claim for claim in lavrov.claims}
    aligned = next(claim for text, claim in claims.items() if text.startswith("the White House and Kremlin"))
    assert aligned.cue is not None
    assert (aligned.cue.lemma, aligned.stance, aligned.negated) == ("claim", "distance", False)
    assert all(0 < claim.check_worthiness < 1 for claim in lavrov.claims)
    assert not any(text.startswith("that ") for text in claims)


def test_the_same_article_gives_the_same_bytes(
    lavrov: Extraction, extractor: Extractor, article: MakeArticle, sample: str
) -> None:
    again = extractor.extract(article(sample, language="und"))
    assert [event.encode() for event in events(again)] == [event.encode() for event in events(lavrov)]
    assert [event.encode() for event in events(extract(article(sample, language="und")))] == [
        event.encode() for event in events(lavrov)
    ]
    assert lavrov.document.extractor.version == EXTRACTOR_VERSION


def test_a_revision_gets_ids_of_its_own(
    lavrov: Extraction, extractor: Extractor, article: MakeArticle, sample: str
) -> None:
    second = extractor.extract(article(sample, language="und", revision=2))
    assert second.document.document_id != lavrov.document.document_id
    assert not set(second.document.quote_ids) & set(lavrov.document.quote_ids)


def test_spans_lead_back_to_the_file(lavrov: Extraction, sample: str) -> None:
    runs = lavrov.clean.source_offsets
    back = {text + i: source + i for text, source, length in runs for i in range(length)}
    span = next(
        span for quote in lavrov.quotes for span in quote.spans if span.exact.startswith("Zelensky said no")
    )
    file_words = sample[back[span.start] : back[span.end - 1] + 1]
    assert file_words.split() == span.exact.split()


def test_a_withdrawn_article_has_no_text(extractor: Extractor, article: MakeArticle) -> None:
    found = extractor.extract(article("", status=ArticleStatus.WITHDRAWN, title="Gone"))
    assert (found.document.outcome, found.document.text, found.quotes, found.claims) == (
        Outcome.WITHDRAWN,
        "",
        (),
        (),
    )


@pytest.mark.parametrize("content", ["", " \n\t ", "\u200b\ufeff", "https://example.org/only/an/address"])
def test_an_article_without_text_is_empty(extractor: Extractor, article: MakeArticle, content: str) -> None:
    assert extractor.extract(article(content)).document.outcome is Outcome.EMPTY


def test_text_without_speech_says_so(extractor: Extractor, article: MakeArticle) -> None:
    assert extractor.extract(article("Rain. Wind.")).document.outcome is Outcome.NOTHING_FOUND


def test_other_languages_keep_their_direct_quotes(extractor: Extractor, article: MakeArticle) -> None:
    german = (
        "„Wir werden das im nächsten Jahr nicht noch einmal tun“, sagte die Ministerin am Dienstag vor den"
        " Abgeordneten in Berlin."
    )
    found = extractor.extract(article(german, language="und"))
    assert found.document.language == "de"
    [quote] = found.quotes
    assert (quote.text, quote.speaker.name) == (
        "Wir werden das im nächsten Jahr nicht noch einmal tun",
        "die Ministerin",
    )
    silent = extractor.extract(
        article(
            "Die Brücke wird im Mai wieder eröffnet, teilte das Ministerium am Dienstag in Berlin mit.",
            language="de",
        )
    )
    assert (silent.document.outcome, silent.quotes) == (Outcome.UNSUPPORTED_LANGUAGE, ())


GERMAN = """NATO: Keine neuen Pläne für den Osten

Der Vorstand hat am Dienstag ein Programm angekündigt. „Wir werden in drei Jahren jede Strecke anfassen, das kostet 12 Prozent mehr“,
sagte Richard Lutz vor Journalisten. »Es fehlt an Geld und an Willen«, sagte sie. Der sogenannte „Deutschlandtakt“ sei so nicht zu schaffen,
teilte der Konzern mit.
"""
FRENCH = """Le ministre de l'Économie, Bruno Le Maire, a annoncé mardi que le gouvernement renonçait à la taxe. « Nous avons entendu la
colère des Français », a-t-il déclaré devant l'Assemblée nationale. Selon lui, la mesure aurait coûté 3 milliards d'euros.
"""
SPANISH = """El presidente del Gobierno, Pedro Sánchez, anunció este lunes que convocará elecciones. «Los españoles deben decidir», dijo
Sánchez en La Moncloa. “No tiene plan ni presupuesto”, afirmó Alberto Núñez Feijóo.
"""


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "de",
            GERMAN,
            [
                "Wir werden in drei Jahren jede Strecke anfassen, das kostet 12 Prozent mehr",
                "Es fehlt an Geld und an Willen",
            ],
        ),
        ("fr", FRENCH, ["Nous avons entendu la colère des Français"]),
        ("es", SPANISH, ["Los españoles deben decidir", "No tiene plan ni presupuesto"]),
    ],
    ids=["de", "fr", "es"],
)
def test_articles_in_other_languages_give_their_direct_quotes_and_nothing_else(
    extractor: Extractor, article: MakeArticle, language: str, text: str, expected: list[str]
) -> None:
    found = extractor.extract(article(text, language="und"))
    check(found)
    assert found.document.language == language
    assert [quote.text for quote in found.quotes] == expected
    assert {quote.kind for quote in found.quotes} == {"direct"}
    assert {quote.article.language for quote in found.quotes} == {language}
    # German has words of its own for who speaks, but nothing that says who “sie” is
    speakers = [(quote.speaker.name, quote.speaker.resolution) for quote in found.quotes]
    german = [("Richard Lutz", Resolution.NAME), ("sie", Resolution.UNRESOLVED)]
    assert speakers == (
        german if language == "de" else [("unresolved source", Resolution.UNRESOLVED)] * len(expected)
    )
    assert found.claims == ()
    assert len(found.attributions) == len(expected)


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("The mayor, Anna Lee, declined to say whether the bridge would reopen in May.", True),
        ("The police did not say how many people were hurt in the accident.", True),
        ("The mayor, Anna Lee, denied that the bridge would reopen in May.", False),
        ("The mayor, Anna Lee, said that the bridge would not reopen in May.", False),
    ],
)
def test_reporting_that_is_withheld_is_marked(
    extractor: Extractor, article: MakeArticle, text: str, negated: bool
) -> None:
    assert {claim.negated for claim in extractor.extract(article(text)).claims} == {negated}


def test_too_much_text_is_refused_by_name(extractor: Extractor, article: MakeArticle) -> None:
    small = Extractor(extractor._tagger, Limits(max_text_chars=100))
    with pytest.raises(
        LimitExceeded, match="article art-1: 200 characters of text, the limit is 100"
    ) as caught:
        small.extract(article("ab " * 66 + "ab"))
    assert (caught.value.stage, caught.value.reason) == ("extract", "too_large")


def test_raw_text_beyond_any_reading_is_refused_before_it_is_read(
    extractor: Extractor, article: MakeArticle
) -> None:
    steps: list[str] = []
    small = Extractor(
        extractor._tagger, Limits(max_text_chars=100), observe=lambda step, _: steps.append(step)
    )
    assert small.extract(article("\n" * 400)).document.outcome is Outcome.EMPTY
    steps.clear()
    with pytest.raises(
        LimitExceeded, match="article art-1: 401 characters of raw text, the limit is 400"
    ) as caught:
        small.extract(article("\n" * 401))
    assert (caught.value.stage, caught.value.reason) == ("extract", "too_large")
    assert steps == []


def test_a_page_is_extracted_like_a_text(extractor: Extractor, article: MakeArticle) -> None:
    body = "".join(f"<p>{p}</p>" for p in ("The bridge will stay closed until May, the ministry of transport has announced in a statement.",
        "“We have waited long enough,” Anna Lee, the mayor, said on Tuesday. “The works must end this year, whatever they may cost us.”",
        "The works began in 2024 and were to last eight months, according to the contract that the city has published."))  # fmt: skip
    html = (
        "<html"
        f" lang=en><head><title>Bridge</title></head><body><article><h1>Bridge</h1>{body}</article></body></html>"
    )
    found = extractor.extract(article(html, content_type="text/html", language="und"))
    check(found)
    assert found.document.title == "Bridge"
    assert "Anna Lee" in {quote.speaker.name for quote in found.quotes}
    assert found.clean.source_offsets == ()


def test_a_floating_quotation_is_kept_and_its_speaker_said_to_be_unresolved(
    extractor: Extractor, article: MakeArticle
) -> None:
    found = extractor.extract(
        article(
            "The match was over.\n\n“We never thought that we could do this today.”\n\nIt rained all day."
        )
    )
    [quote] = found.quotes
    assert quote.speaker.resolution is Resolution.UNRESOLVED
    assert quote.speaker.actor_id.startswith("unresolved-")


WORDS = st.text(max_size=150) | st.text(alphabet="aB c.,\n“”‘’\"'«»:—éß漢1", max_size=200)
PIECES = [
    "He said ",
    "“",
    "”",
    "Anna Lee",
    ", ",
    "said",
    ".",
    "\n\n",
    "that it was over",
    "who",
    "according to ",
    "‘",
    "’",
    "U.S. ",
    "they ",
]
PHRASES = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@settings(max_examples=40)
@given(content=WORDS | PHRASES)
def test_no_text_raises_and_every_invariant_holds(
    extractor: Extractor, article: MakeArticle, content: str
) -> None:
    first = extractor.extract(article(content))
    check(first)
    assert first == extractor.extract(article(content))


class ArbitraryTagger:
    """A tagger that answers with ranges drawn by hypothesis, cut to the text: no answer of a model may break
    an invariant."""

    model_sha256 = "0" * 64

    def __init__(self, attributions: list[Attribution], entities: list[Entity]) -> None:
        self.attributions = attributions
        self.entities = entities

    def tokens(self, text: str) -> int:
        return len(text) // 4  # about what word pieces are

    def __call__(self, text: str) -> Tagged:
        def cut(span: Range | None) -> Range | None:
            return (
                None
                if span is None or span.start >= len(text)
                else Range(span.start, min(span.end, len(text)))
            )

        made = [
            Attribution(
                a.kind,
                tuple(c for piece in a.content if (c := cut(piece))),
                cut(a.source),
                cut(a.cue),
                a.confidence,
            )
            for a in self.attributions
        ]
        seen = [Entity(span, e.label, e.confidence) for e in self.entities if (span := cut(e.span))]
        return Tagged(tuple(a for a in made if a.content), tuple(seen))


RANGES = st.tuples(st.integers(0, 120), st.integers(1, 40)).map(
    lambda pair: Range(pair[0], pair[0] + pair[1])
)
ATTRIBUTIONS = st.lists(
    st.builds(
        Attribution,
        st.sampled_from(["direct", "mixed", "indirect"]),
        st.lists(RANGES, min_size=1, max_size=3).map(lambda r: tuple(sorted(set(r)))),
        st.none() | RANGES,
        st.none() | RANGES,
        st.floats(0, 1),
    ),
    max_size=6,
)
ENTITIES = st.lists(
    st.builds(
        Entity, RANGES, st.sampled_from(["PERSON", "ORGANIZATION", "LOCATION", "MISC"]), st.floats(0, 1)
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(content=WORDS | PHRASES, attributions=ATTRIBUTIONS, entities=ENTITIES)
def test_no_answer_of_a_tagger_breaks_an_invariant(
    article: MakeArticle, content: str, attributions: list[Attribution], entities: list[Entity]
) -> None:
    extractor = Extractor(ArbitraryTagger(attributions, entities))
    check(extractor.extract(article(content)))


CROWDS = {
    "people": "".join(
        f"{chr(65 + i % 26)}{chr(97 + i // 26 % 26)}nder {chr(65 + i * 7 % 26)}{chr(97 + i // 26 % 26)}mith"
        " he. "
        for i in range(600)
    ),
    "one family": "".join(
        f"{chr(65 + i % 26)}{chr(97 + i // 26 % 26)}nder Smith and Smith, who " for i in range(600)
    ),
    "quotes": "“A b c d.” x " * 900,
    "no spaces": "Aa-" * 1_500,
    "names in small words": "Aa of the " * 1_200,
}


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS)
def test_time_grows_with_the_text_and_not_with_its_square(article: MakeArticle, crowd: str) -> None:
    def seconds(times: int) -> float:
        text = crowd * times
        names = [Range(*match.span()) for match in re.finditer(r"[A-Z]\w+(?: [A-Z]\w+)?", text)]
        words = [Range(*match.span()) for match in re.finditer(r"\w+", text)]
        attributions = [
            Attribution("indirect", (words[i + 3],), words[i], words[i + 1], 0.9)
            for i in range(0, len(words) - 4, 9)
        ]
        tagger = ArbitraryTagger(attributions, [Entity(span, "PERSON", 0.9) for span in names])
        started = time.process_time()
        Extractor(tagger).extract(article(text))
        return time.process_time() - started

    # eight times the text: 64 times the time if anything compared all with all. A neighbour on the same core
    # may slow one reading.
    allowed = 28 * max(seconds(1), 0.02)
    assert any(seconds(8) < allowed for _ in range(5))
