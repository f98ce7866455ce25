"""Hypothesis strategies for whole, valid events with text of any script."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from schemas import events as ev
from schemas.events.parts import Cue
from schemas.ids import text_sha256

CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    st.sampled_from('\u200d\ufe0f\u0301\u05e9\u202e𝔘🇪🇺👩🏽🚀\u2028\ufeff"\\\n\t\x7f'),
)
TEXTS = st.text(CHARACTERS, max_size=60)
WORDS = st.text(CHARACTERS, min_size=1, max_size=20)
IDENTIFIERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
COUNTS = st.integers(0, 2**31 - 1)
ORDINALS = st.integers(1, 2**31 - 1)
PROBABILITIES = st.floats(0, 1)
SHA256S = st.text("0123456789abcdef", min_size=64, max_size=64)
LANGUAGES = st.sampled_from(["und", "en", "zh-Hant-TW", "ar-Latn-x-odd"])
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
FIRST = dt.datetime(1, 1, 3)  # noqa: DTZ001 - hypothesis adds the zone; two days in, so that every zone has it in UTC
LAST = dt.datetime(9999, 12, 29)  # noqa: DTZ001
TIMES = st.datetimes(FIRST, LAST, timezones=ZONES)
MAYBE_TIMES = st.none() | TIMES
WIKIDATA = st.none() | st.integers(1, 10**9).map("Q{}".format)

EXTRACTORS = st.builds(
    ev.Extractor,
    name=TEXTS,
    version=st.lists(st.integers(0, 99).map(str), min_size=1, max_size=4).map(".".join),
    model_sha256=SHA256S,
)
ARTICLES = st.builds(
    ev.Article,
    article_id=IDENTIFIERS,
    revision=ORDINALS,
    status=st.sampled_from(ev.ArticleStatus),
    url=st.none() | TEXTS,
    outlet=st.none() | TEXTS,
    title=st.none() | TEXTS,
    authors=st.lists(TEXTS, max_size=3).map(tuple),
    language=LANGUAGES,
    published_at=MAYBE_TIMES,
    fetched_at=TIMES,
    content_type=st.sampled_from(["text/plain", "text/html"]),
    content=TEXTS,
    origin=TEXTS,
)
REFS = st.builds(
    ev.ArticleRef,
    article_id=IDENTIFIERS,
    revision=ORDINALS,
    document_id=IDENTIFIERS,
    url=st.none() | TEXTS,
    outlet=st.none() | TEXTS,
    title=st.none() | TEXTS,
    language=LANGUAGES,
    published_at=MAYBE_TIMES,
)


@st.composite
def spans(draw: st.DrawFn) -> ev.Span:
    """A span of some text."""
    exact = draw(WORDS)
    start = draw(st.integers(0, 10_000))
    return ev.Span(start=start, end=start + len(exact), exact=exact)


ACTORS = st.builds(
    ev.Actor,
    actor_id=IDENTIFIERS,
    name=WORDS,
    kind=st.sampled_from(ev.ActorKind),
    mention=st.none() | spans(),
    resolution=st.sampled_from(ev.Resolution),
    wikidata=WIKIDATA,
    confidence=PROBABILITIES,
)
CUES = st.builds(Cue, span=spans(), lemma=WORDS, stance=st.sampled_from(ev.Stance))
SPANS = st.lists(spans(), min_size=1, max_size=3).map(tuple)

QUOTES = st.builds(
    ev.Quote,
    quote_id=IDENTIFIERS,
    article=REFS,
    kind=st.sampled_from(ev.QuoteKind),
    spans=SPANS,
    text=WORDS,
    speaker=ACTORS,
    cue=st.none() | CUES,
    addressee=st.none() | ACTORS,
    confidence=PROBABILITIES,
    text_sha256=SHA256S,
    within=st.none() | IDENTIFIERS,
    source_confidence=st.none() | PROBABILITIES,
    negated=st.booleans(),
    jointly_with=st.lists(ACTORS, max_size=2).map(tuple),
)
CLAIMS = st.builds(
    ev.Claim,
    claim_id=IDENTIFIERS,
    article=REFS,
    kind=st.sampled_from(ev.ClaimKind),
    spans=SPANS,
    text=WORDS,
    claimant=ACTORS,
    cue=st.none() | CUES,
    stance=st.sampled_from(ev.Stance),
    negated=st.booleans(),
    check_worthiness=PROBABILITIES,
    claim_type=st.sampled_from(ev.ClaimType),
    quote_id=st.none() | IDENTIFIERS,
    confidence=PROBABILITIES,
    text_sha256=SHA256S,
    within=st.none() | IDENTIFIERS,
    source_confidence=st.none() | PROBABILITIES,
    proposition_negated=st.none() | st.booleans(),
    jointly_with=st.lists(ACTORS, max_size=2).map(tuple),
)
DOCUMENTS = TEXTS.flatmap(
    lambda text: st.builds(
        ev.Document,
        document_id=IDENTIFIERS,
        article_id=IDENTIFIERS,
        revision=ORDINALS,
        url=st.none() | TEXTS,
        outlet=st.none() | TEXTS,
        title=st.none() | TEXTS,
        authors=st.lists(TEXTS, max_size=3).map(tuple),
        language=LANGUAGES,
        published_at=MAYBE_TIMES,
        fetched_at=TIMES,
        origin=TEXTS,
        text=st.just(text),
        text_sha256=st.just(text_sha256(text)),
        extractor=EXTRACTORS,
        quote_ids=st.lists(IDENTIFIERS, max_size=3).map(tuple),
        claim_ids=st.lists(IDENTIFIERS, max_size=3).map(tuple),
        outcome=st.sampled_from(ev.Outcome),
    )
)
SHARES = st.lists(st.builds(ev.Share, value=TEXTS, statements=ORDINALS), max_size=2).map(tuple)
ACTOR_RECORDS = st.builds(
    ev.ActorRecord,
    actor_id=IDENTIFIERS,
    name=TEXTS,
    kind=st.sampled_from(ev.ActorKind),
    aliases=st.lists(TEXTS, max_size=3).map(tuple),
    wikidata=WIKIDATA,
    counts=st.builds(ev.Counts, quotes=COUNTS, claims=COUNTS, articles=COUNTS, outlets=COUNTS, denied=COUNTS),
    first_seen=MAYBE_TIMES,
    last_seen=MAYBE_TIMES,
    days=st.lists(st.builds(ev.Day, date=st.dates(), quotes=COUNTS, claims=COUNTS), max_size=2).map(tuple),
    outlets=SHARES,
    cues=SHARES,
    stances=SHARES,
    latest=st.lists(
        st.builds(
            ev.StatementSummary,
            statement_id=IDENTIFIERS,
            kind=st.sampled_from(ev.StatementKind),
            text=TEXTS,
            article_id=IDENTIFIERS,
            outlet=st.none() | TEXTS,
            published_at=MAYBE_TIMES,
            confidence=PROBABILITIES,
            within=st.none() | IDENTIFIERS,
            negated=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    shortened=st.lists(st.sampled_from(ev.RecordPart), max_size=2).map(tuple),
    article_id=st.none() | IDENTIFIERS,
)


@st.composite
def decisions(draw: st.DrawFn) -> ev.Decision:
    """A decision of any kind."""
    kind = draw(st.sampled_from(ev.DecisionKind))
    one, other = draw(st.lists(IDENTIFIERS, min_size=2, max_size=2, unique=True))
    words = st.builds(ev.WordsInContext, exact=WORDS, prefix=WORDS, suffix=WORDS)
    statement = st.builds(
        ev.DecidedStatement,
        statement_id=IDENTIFIERS,
        article_id=IDENTIFIERS,
        words=st.lists(words, min_size=1, max_size=3).map(tuple),
    )
    parts: dict[ev.DecisionKind, dict[str, object]] = {
        ev.DecisionKind.MERGE: {"actor_id": one, "other_id": other},
        ev.DecisionKind.SPLIT: {"actor_id": one},
        ev.DecisionKind.RENAME: {"actor_id": one, "name": draw(WORDS)},
        ev.DecisionKind.LINK: {"actor_id": one, "wikidata": draw(WIKIDATA)},
        ev.DecisionKind.REJECT: {"actor_id": one, "other_id": other},
        ev.DecisionKind.REASSIGN: {"other_id": other, "statement": draw(statement)},
        ev.DecisionKind.UNDO: {"undoes": one},
    }
    return ev.Decision.made(
        kind=kind, decided_at=draw(TIMES), decided_by=draw(WORDS), why=draw(WORDS), **parts[kind]
    )


EVENTS: st.SearchStrategy[ev.Event] = st.one_of(
    ARTICLES, DOCUMENTS, QUOTES, CLAIMS, decisions(), ACTOR_RECORDS
)
"""Any event at all."""
