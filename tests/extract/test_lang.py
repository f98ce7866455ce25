"""The lists of each language, and that no list or rule of English runs on a text in another."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from schemas.events import ActorKind, Resolution, Stance
from services.extract import extract as core
from services.extract.extract import Extraction, Extractor
from services.extract.lang import ENGLISH, Language, language
from tests.extract.conftest import MakeArticle

CORE = Path(core.__file__).parent
LANGUAGES = [
    folder.name
    for folder in sorted(Path(str(files("services.extract.lang"))).iterdir())
    if (folder / "grammar.json").is_file()
]

ASKED_FOR = re.compile(r"(?:any_of|opening|entries|words|patterns|heading)\(([^()]*)\)")


def classes_in_code() -> set[str]:
    """The classes that the code asks for by name; claims ask for those of negation through a door of their
    own."""
    code = [path.read_text(encoding="utf-8") for path in CORE.rglob("*.py") if path.parent.name != "claims"]
    calls = [match.group(1) for text in code for match in ASKED_FOR.finditer(text)]
    return {name for call in calls for name in re.findall(r"[\"']([a-z_]+)[\"']", call)}


def test_every_list_is_asked_for_and_every_class_has_a_list() -> None:
    lists = {path.stem for code in LANGUAGES for path in (CORE / "lang" / code).glob("*.txt")}
    negation = {name.removeprefix("polarity_") for name in lists if name.startswith("polarity_")}
    assert {name for name in lists if not name.startswith("polarity_")} - classes_in_code() == set()
    assert classes_in_code() - lists - negation == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_list_says_what_it_is_for_and_holds_no_entry_twice(code: str) -> None:
    for path in (CORE / "lang" / code).glob("*.txt"):
        assert path.read_text(encoding="utf-8").startswith("# "), path
        entries = language(code).entries(path.stem)
        assert path.name.startswith("furniture") or len(set(entries)) == len(entries), path


def test_a_language_without_lists_has_no_words() -> None:
    nowhere = language("xx")
    assert (nowhere.words("pronouns"), nowhere.grammar) == (frozenset(), {})
    assert re.search(nowhere.any_of("pronouns"), "he she it") is None


def test_white_space_in_an_entry_is_any_and_a_small_letter_may_be_a_capital() -> None:
    assert re.fullmatch(ENGLISH.any_of("telling"), "interview  with")
    assert re.fullmatch(ENGLISH.opening("pronouns"), "He")
    assert not re.fullmatch(ENGLISH.opening("pronouns"), "i")


def said(extraction: Extraction) -> list[tuple[str, str | None]]:
    """Each quote's words and the words that name its speaker."""
    return [
        (quote.text, quote.speaker.mention.exact if quote.speaker.mention else None)
        for quote in extraction.quotes
    ]


GERMAN = [
    ("„Wir bauen das aus“, sagte der Minister am Montag.", "der Minister"),
    (
        "„Wir bauen das aus“, sagte gestern die Sprecherin des Ministeriums.",
        "die Sprecherin des Ministeriums",
    ),
    ("„Wir bauen das aus“, so Weber.", "Weber"),
    ("„Wir bauen das aus“, hatte Lang zuvor dem Sender gesagt.", "Lang"),
    ("„Wir bauen das jetzt aus“, heißt es in einer Mitteilung der Stadt.", "einer Mitteilung der Stadt"),
    ("Am Dienstag sagte Anna Weber dem Sender: „Wir bauen das aus.“", "Anna Weber"),
    ("Der Zeitung sagte Weber: „Wir bauen das aus.“", "Weber"),
    ("Der Deutschen Presse-Agentur sagte der Minister: „Wir bauen das aus.“", "der Minister"),
    ("Wenige Tage später sagte Weber: „Wir bauen das aus.“", "Weber"),
    ("Weber, Sprecher der Polizei, sagte Reportern: „Wir suchen noch.“", "Weber, Sprecher der Polizei"),
    ("Er sei zufrieden, sagte Weber und fügte hinzu: „Wir bauen das aus.“", "Weber"),
    ("Der Bürgermeister zeigte sich zufrieden: „Wir bauen das aus.“", "Der Bürgermeister"),
    ("In Bonn hatte Kanzler Otto Lang erklärt: „Wir bauen das aus.“", "Kanzler Otto Lang"),
    ("„Ist das alles?“, fragte der alte Mann.", "der alte Mann"),
    ("Auf die Frage nach Geld sagte sie nur: „Nein.“", "sie"),
    ("Wie ein Sprecher der Polizei sagte, „ist der Täter noch immer flüchtig“.", "ein Sprecher der Polizei"),
    (
        "„Es bleibt gefährlich“, warnte Dr. Ute Sommer vom Robert-Koch-Institut.",
        "Dr. Ute Sommer vom Robert-Koch-Institut",
    ),
    ("„Es bleibt gefährlich“, zitiert die Zeitung den Arzt.", "den Arzt"),
    ("„Es bleibt sehr gefährlich“, wird der Arzt zitiert.", "der Arzt"),
    ("Am Abend wurde von der Polizei bestätigt: „Wir suchen noch.“", "der Polizei"),
    ("„Das hat keine Zukunft in diesem Land.“ Das sagte der Minister in Bonn.", "der Minister"),
]
AROUND = [
    ("Weber nannte den Plan „einen schweren Fehler“.", "Weber"),
    ("Nach Angaben der Polizei war der Mann „schwer betrunken“.", "der Polizei"),
    ("Lang kritisierte das Gesetz. Es sei „mit heißer Nadel gestrickt“.", "Lang"),
    ("Er sei froh, sagte Weber. „Das hat lange gedauert.“", "Weber"),
    ("Die Ministerin lehnt das ab. „Das hat keine Zukunft in diesem Land.“", "Die Ministerin"),
]


@pytest.mark.parametrize(("text", "speaker"), GERMAN + AROUND)
def test_a_german_quotation_has_its_speaker(
    extractor: Extractor, article: MakeArticle, text: str, speaker: str
) -> None:
    assert [who for _, who in said(extractor.extract(article(text, language="de")))] == [speaker]


def test_both_parts_of_an_interrupted_german_sentence_have_its_speaker(
    extractor: Extractor, article: MakeArticle
) -> None:
    found = extractor.extract(article("„Wir kommen“, sagte Lang, „aber nur am Abend.“", language="de"))
    assert said(found) == [("Wir kommen", "Lang"), ("aber nur am Abend.", "Lang")]


@pytest.mark.parametrize(
    "text",
    [
        "Der Verein „Rote Hilfe“ forderte mehr Geld.",
        "Das Buch „Im Westen nichts Neues“ erschien 1929.",
        "Die Stadt feiert ihren „Tag der offenen Tür“ im Mai.",
    ],
)
def test_german_names_in_marks_are_no_quotations(
    extractor: Extractor, article: MakeArticle, text: str
) -> None:
    assert extractor.extract(article(text, language="de")).quotes == ()


def test_german_actors_are_who_the_words_name_and_nobody_else(
    extractor: Extractor, article: MakeArticle
) -> None:
    text = (
        "„Das Haus ist schon verkauft“, sagte die Architektin Maike Thiessen dem Sender.\n\n"
        "„Wir ziehen im Mai um“, sagte Thiessen.\n\n"
        "„Dann wird alles besser sein“, erklärte sie.\n\n"
        "„Davon weiß ich nichts“, so der Nachbar."
    )
    speakers = [quote.speaker for quote in extractor.extract(article(text, language="de")).quotes]
    assert [(who.name, who.kind, who.resolution) for who in speakers] == [
        ("Maike Thiessen", ActorKind.PERSON, Resolution.NAME),
        ("Maike Thiessen", ActorKind.PERSON, Resolution.SURNAME),
        ("sie", ActorKind.UNNAMED, Resolution.UNRESOLVED),
        ("der Nachbar", ActorKind.UNNAMED, Resolution.DESCRIPTION),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("„Wir bauen das aus“, sagte Weber der Zeitung am Montag.", "der Zeitung"),
        (
            "„Wir bauen das aus“, sagte Weber gegenüber der Deutschen Presse-Agentur.",
            "der Deutschen Presse-Agentur",
        ),
        ("Weber sagte dem Sender: „Wir bauen das aus.“", "dem Sender"),
        ("„Wir bauen das aus“, sagte Weber im Gespräch mit der Zeitung.", "der Zeitung"),
        ("„Wir bauen das aus“, sagte Weber am Montag.", None),
    ],
)
def test_a_german_quotation_may_name_to_whom_it_was_said(
    extractor: Extractor, article: MakeArticle, text: str, told: str | None
) -> None:
    [quote] = extractor.extract(article(text, language="de")).quotes
    assert (quote.addressee.mention.exact if quote.addressee and quote.addressee.mention else None) == told


@pytest.mark.parametrize(
    ("verb", "lemma", "stance"),
    [
        ("sagte", "sagen", Stance.ASSERT),
        ("bestritt", "bestreiten", Stance.DENY),
        ("fordert", "fordern", Stance.DEMAND),
    ],
)
def test_a_german_cue_has_its_infinitive_and_stance(
    extractor: Extractor, article: MakeArticle, verb: str, lemma: str, stance: Stance
) -> None:
    [quote] = extractor.extract(
        article(f"„Davon habe ich nichts gewusst“, {verb} Weber.", language="de")
    ).quotes
    assert quote.cue is not None
    assert (quote.cue.lemma, quote.cue.stance) == (lemma, stance)


TRAPS = {
    # what stands here is German, and every line of it would set off a rule of English
    "an elision": ("Sie rief: 'n Abend, die Herren, 'n Abend!", []),
    "a reporting verb of English": ("„Der Hit „I Told You“ läuft überall, said Weber und ging.", None),
    "a clitic": (
        "„Das ist Hans’ neuer Plan für das Werk“, sagte Lang.",
        [("Das ist Hans’ neuer Plan für das Werk", "Lang")],
    ),
    "a question of an interview": (
        "Q: Warum gehen Sie denn jetzt?\n\nA: Weil ich muss.\n\nQ: Und dann?\n\nA: Ruhe.",
        [],
    ),
    "a phrase of English": ("According to Weber, das Lied der Band, war er „Per Zufall“ da.", []),
    "a heading": ("Weber: Police warten auf die Brücke\n\nDas Amt schweigt zu diesem Plan seit Wochen.", []),
}


@pytest.mark.parametrize("name", TRAPS)
def test_no_rule_of_english_takes_a_german_text_for_english(
    extractor: Extractor, article: MakeArticle, name: str
) -> None:
    text, expected = TRAPS[name]
    found = extractor.extract(article(text, language="de"))
    assert expected is None or said(found) == expected
    assert not any(
        quote.cue and quote.cue.span.exact in ENGLISH.words("reporting_verbs") for quote in found.quotes
    )
    assert found.claims == ()


@pytest.mark.parametrize("code", ["de", "fr"])
def test_a_text_in_another_language_never_asks_for_a_word_of_english(
    extractor: Extractor, article: MakeArticle, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(self: Language, name: str) -> list[str]:
        raise AssertionError(f"{self.code} was asked for {name}")

    def no_english(*_arguments: object, **_named: object) -> None:
        raise AssertionError("English coreference was asked")

    forget()
    monkeypatch.setattr(ENGLISH, "_lists", {})
    monkeypatch.setattr(ENGLISH, "_words", {})
    monkeypatch.setattr(
        Language, "_lines", lambda self, name: refuse(self, name) if self is ENGLISH else lines(self, name)
    )
    monkeypatch.setattr(core, "Resolver", no_english)
    text = {
        "de": (
            "Dr. Weber, die „Chefin“, sagte der Zeitung: „Wir bauen das aus.“ „Ja, 'n Gewinn“, so"
            " Lang.\n\n„Gut!“ — Otto Lang"
        ),
        "fr": (
            "M. Martin a déclaré: « Nous avons entendu la colère des Français », a-t-il dit. L'hôtel d'Anna."
        ),
    }[code]
    found = extractor.extract(article(text * 3, language=code))
    forget()
    assert found.quotes


lines = Language._lines


def forget() -> None:
    """Empty the caches of patterns, so that what is built on a list is built anew."""
    import gc
    from functools import _lru_cache_wrapper

    for thing in gc.get_objects():
        if isinstance(thing, _lru_cache_wrapper) and thing.__module__.startswith("services.extract"):
            thing.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "« Nous avons entendu la colère des Français », a déclaré Bruno Martin devant l'Assemblée.",
        "Bruno Martin: « Nous avons entendu la colère des Français. »",
        "“No tiene plan ni presupuesto”, afirmó Alberto Núñez.",
    ],
)
def test_in_a_language_without_lists_the_speaker_is_honestly_unresolved(
    extractor: Extractor, article: MakeArticle, text: str
) -> None:
    [quote] = extractor.extract(article(text, language="fr")).quotes
    assert (quote.speaker.resolution, quote.speaker.confidence, quote.cue) == (
        Resolution.UNRESOLVED,
        0.0,
        None,
    )
