"""The rules, one ordered table: what the tagger found is put right by each in turn.

A pass says what it reads (``needs``), in which languages it is true and why it is there; its effect on every
set is measured with it switched off (``make ablate``). Passes of all languages rest on quotation marks and
layout. What a pass knows of words it takes from the lists of the text's language
(:mod:`services.extract.lang`): where a language has no such list, the pass finds nothing. German has no
network, so its passes look for who speaks in the clause beside a quotation; of other languages nobody has
written down how that is said, and their speakers stay unresolved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from services.extract.passes import later, subjects
from services.extract.passes.anonymity import is_note_on_name
from services.extract.passes.brackets import brackets, within_brackets
from services.extract.passes.calibration import as_speech
from services.extract.passes.continued import is_scare_quote, joined, once
from services.extract.passes.contrasts import without_contrast
from services.extract.passes.conventions import as_annotated
from services.extract.passes.draft import Draft
from services.extract.passes.headlines import headlines
from services.extract.passes.overlaps import one_per_paragraph, outside, unclaimed
from services.extract.passes.phrases import phrases
from services.extract.passes.posts import posts
from services.extract.passes.quotations import Quotations
from services.extract.passes.quoted import (
    closed_over_marks,
    kind_by_marks,
    unclaimed_quotations,
    with_own_cue,
)
from services.extract.passes.relayed import relayed
from services.extract.passes.running import running_speakers
from services.extract.passes.sources import in_one_sentence, of_cleft
from services.extract.passes.spoken import quoted_in_speech, said_before
from services.extract.passes.tidy import tidy
from services.extract.passes.turns import turns
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity

ENGLISH = frozenset({"en"})
GERMAN = frozenset({"de"})
ALL = frozenset({"*"})

# What is wrong three times in four clutters the record. (F1 would be best at half of itself, .37; PolNeAR dev
# at .3. Below that, recall.) Words in quotation marks are kept: somebody said them.
_FAINT = 0.25


@dataclass(frozen=True, slots=True)
class Pass:
    """One step over a draft. ``structural``: the others stand on it, so it cannot be switched off."""

    name: str
    run: Callable[[Draft], None]
    needs: str
    languages: frozenset[str]
    why: str
    structural: bool = False

    def applies(self, language: str) -> bool:
        """Whether the pass is true of texts in ``language`` (a primary subtag)."""
        return "*" in self.languages or language in self.languages


@dataclass(frozen=True, slots=True)
class Found:
    """An attribution, and the place in the list of the one whose speaker it inherits, when it names none
    itself."""

    attribution: Attribution
    inherits: int | None = None


def reconcile(
    text: str,
    attributions: Iterable[Attribution],
    quotations: Quotations,
    entities: Sequence[Entity] = (),
    *,
    without: Collection[str] = (),
    watch: Callable[[Pass, Draft], None] = lambda _step, _draft: None,
) -> list[Found]:
    """All attributions of a text in text order: what the tagger found, put right by each pass for the
    language of ``quotations``.

    Passes named in ``without`` are left out; ``watch`` is shown the draft after each of the others.
    """
    language = quotations.language
    draft = Draft(text, quotations, entities, sentences(text, language=language), list(attributions))
    for step in PASSES:
        if step.applies(language.code) and step.name not in without:
            step.run(draft)
            watch(step, draft)
    return [
        Found(attribution, draft.inherits.get(number))
        for number, attribution in enumerate(draft.attributions)
    ]


def _turns(draft: Draft) -> None:
    draft.verbatim = one_per_paragraph(
        draft.text, [*draft.verbatim, *turns(draft.text, draft.entities, draft.language)]
    )


def _posts(draft: Draft) -> None:
    draft.verbatim = one_per_paragraph(draft.text, [*draft.verbatim, *posts(draft.text)])


def _outside_verbatim(draft: Draft) -> None:
    draft.attributions = outside(draft.attributions, draft.verbatim)


def _sentence_sources(draft: Draft) -> None:
    draft.each(lambda a: in_one_sentence(draft.text, a, draft.sentences, draft.starts, draft.language))


def _clefts(draft: Draft) -> None:
    draft.each(lambda a: of_cleft(draft.text, a, draft.starts, draft.language))


def _broken_clauses(draft: Draft) -> None:
    draft.each(partial(subjects.without_relative_pronoun, draft.text, language=draft.language))


def _later_sentences(draft: Draft) -> None:
    draft.each(lambda a: later.within_sentence(draft.text, a, draft.quotations, draft.starts))


def _brackets(draft: Draft) -> None:
    pairs = brackets(draft.text)
    draft.each(lambda a: within_brackets(a, pairs))


def _phrases(draft: Draft) -> None:
    draft.attributions = outside(
        phrases(draft.text, draft.attributions, draft.sentences, draft.language), draft.verbatim
    )


def _relayed(draft: Draft) -> None:
    draft.attributions = relayed(
        draft.text, draft.attributions, draft.quotations, draft.sentences, draft.language
    )


def _edges(draft: Draft) -> None:
    tidied = (tidy(draft.text, attribution, draft.quotations) for attribution in draft.attributions)
    draft.attributions = [attribution for attribution in tidied if attribution is not None]
    draft.in_order()


def _contrasts(draft: Draft) -> None:
    kept = (without_contrast(draft.text, attribution) for attribution in draft.attributions)
    draft.attributions = [attribution for attribution in kept if attribution is not None]


def _marks(draft: Draft) -> None:
    draft.attributions = closed_over_marks(draft.text, draft.attributions, draft.quotations)


def _own_cues(draft: Draft) -> None:
    draft.attributions = with_own_cue(draft.text, draft.attributions, draft.quotations)


def _swallowed_cues(draft: Draft) -> None:
    draft.each(partial(subjects.swallowed_cue, draft.text, language=draft.language))


def _targets(draft: Draft) -> None:
    draft.each(partial(subjects.without_target, draft.text, language=draft.language))
    draft.each(partial(subjects.passive_agent, draft.text, language=draft.language))


def _sourceless(step: Callable[[Draft, Attribution], Attribution]) -> Callable[[Draft], None]:
    """A step for the attributions that have no source yet."""

    def run(draft: Draft) -> None:
        draft.each(lambda a: step(draft, a) if a.source is None else a)

    return run


def _verbatim(draft: Draft) -> None:
    draft.add(draft.verbatim)


def _headlines(draft: Draft) -> None:
    headed = headlines(draft.text, draft.entities, draft.quotations.outermost, draft.language)
    # what the tagger links to nobody says less than where the name stands
    bare = [a for a in draft.attributions if a.source is None and a.cue is None]
    linked = [a for a in draft.attributions if a.source is not None or a.cue is not None]
    draft.attributions = linked + outside(bare, headed)
    draft.add(unclaimed(headed, draft.attributions))


def _unclaimed_quotations(draft: Draft) -> None:
    draft.add(unclaimed_quotations(draft.text, draft.attributions, draft.quotations))


def _quoted_in_speech(draft: Draft) -> None:
    draft.add(quoted_in_speech(draft.attributions, draft.quotations))


def _said_before(draft: Draft) -> None:
    draft.attributions = said_before(draft.attributions, draft.quotations)


def _once(draft: Draft) -> None:
    draft.attributions = once(draft.attributions)


def _continued(draft: Draft) -> None:
    draft.attributions = joined(draft.text, draft.attributions, draft.quotations)


def _kinds(draft: Draft) -> None:
    def with_kind(attribution: Attribution) -> Attribution:
        if attribution.turn:
            return attribution
        kind = kind_by_marks(draft.text, attribution, draft.quotations)
        return attribution if kind == attribution.kind else replace(attribution, kind=kind)

    draft.each(with_kind)


def _faint(draft: Draft) -> None:
    draft.keep(lambda a: a.kind != "indirect" or a.confidence >= _FAINT)


def _anonymity(draft: Draft) -> None:
    draft.keep(lambda a: not is_note_on_name(draft.text, a, draft.language))


def _scare_quotes(draft: Draft) -> None:
    draft.keep(lambda a: not is_scare_quote(draft.text, a, draft.quotations))


def _conventions(draft: Draft) -> None:
    draft.each(partial(as_annotated, draft.text, language=draft.language))


def _running_speakers(draft: Draft) -> None:
    draft.attributions, draft.inherits = running_speakers(draft.text, draft.attributions, draft.quotations)


def _speech_confidence(draft: Draft) -> None:
    draft.each(lambda a: as_speech(draft.text, a, draft.language))


PASSES: tuple[Pass, ...] = (
    Pass("turns", _turns, "text, entities", ENGLISH, "in a transcript or interview the name before a paragraph speaks it"),
    Pass("posts", _posts, "text", ENGLISH, "an embedded post is spoken by the signature under it"),
    Pass("outside-verbatim", _outside_verbatim, "verbatim", ALL, "what a turn or a post reports is its speaker's words", structural=True),
    Pass("sentence-sources", _sentence_sources, "source, sentences", ALL, "a source stands in one sentence, without its full stop"),
    Pass("clefts", _clefts, "source, sentences", ENGLISH, "“It was Dunn, not Ames, who said …” is Dunn's"),
    Pass("broken-clauses", _broken_clauses, "source", ENGLISH, "a source that breaks off in its relative clause is cut before it"),
    Pass("brackets", _brackets, "source, cue, content", ALL, "what is reported in brackets ends with them"),
    Pass("later-sentences", _later_sentences, "content, sentences", ENGLISH, "a later sentence is not reported by an earlier one's cue"),
    Pass("phrases", _phrases, "text, sentences", ENGLISH, "“According to …”, “in …'s words” name whose words a sentence holds"),
    Pass("relayed", _relayed, "text, quotations, sentences", ENGLISH, "whoever is quoted as saying something has said it"),
    Pass("edges", _edges, "content, source, cue", ALL, "spans are trimmed to words and marks and kept to their paragraph", structural=True),
    Pass("contrasts", _contrasts, "content, cue", ENGLISH, "“Contrary to what Lee said, …”: what follows is not what Lee said"),
    Pass("marks", _marks, "quotations", ALL, "a quotation that a content cuts through belongs to one attribution, whole"),
    Pass("own-cues", _own_cues, "quotations", ALL, "a quotation with reporting words of its own is its own attribution"),
    Pass("swallowed-cues", _swallowed_cues, "source, content", ENGLISH, "the reporting verb before its source is no part of what was said"),
    Pass("targets", _targets, "source, cue", ENGLISH, "who is asked or accused does not say it; the agent of the passive does"),
    Pass("participles", _sourceless(lambda d, a: subjects.subject_of_main_clause(d.text, a, d.starts, d.language)), "cue", ENGLISH,
         "“Claiming …, Lee left”: the main clause's subject claims"),
    Pass("beside", _sourceless(lambda d, a: subjects.name_beside_quotation(d.text, a, d.quotations)), "quotations", ENGLISH,
         "the name beside a quotation speaks it where nobody else does"),
    Pass("verbatim", _verbatim, "verbatim", ALL, "turns and posts join the other attributions", structural=True),
    Pass("headlines", _headlines, "text, entities", ENGLISH, "a name and a colon in a heading report the rest of it"),
    Pass("unclaimed-quotations", _unclaimed_quotations, "quotations", ALL, "quoted speech that the tagger missed"),
    Pass("quoted-in-speech", _quoted_in_speech, "quotations", GERMAN, "words in marks in a sentence that reports are its subject's"),
    Pass("said-before", _said_before, "quotations", GERMAN, "a quotation without a clause goes on with the sentence before it"),
    Pass("once", _once, "attributions", ALL, "the same words by the same cue count once, whatever the tagger says", structural=True),
    Pass("continued", _continued, "quotations", ALL, "quoted paragraphs without a source go on with the words before them"),
    Pass("kinds", _kinds, "quotations", ALL, "direct, mixed or indirect is what the marks say", structural=True),
    Pass("faint", _faint, "confidence", ALL, "indirect speech that is three times in four none is left out"),
    Pass("scare-quotes", _scare_quotes, "quotations", ALL, "a few words in marks that nobody is said to have used are no quote"),
    Pass("anonymity", _anonymity, "cue, content", ENGLISH, "that a source is not to be named is nobody's words"),
    Pass("conventions", _conventions, "cue, content", ENGLISH, "edges of cues and contents where annotators cut them"),
    Pass("running-speakers", _running_speakers, "quotations", ALL, "a quotation without a source goes on with the running speaker"),
    Pass("speech-confidence", _speech_confidence, "confidence", ENGLISH, "speech is right more often than beliefs that are as sure"),
)  # fmt: skip
