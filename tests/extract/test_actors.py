from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Actor, ActorKind, Resolution
from schemas.events import ActorKind as Kind
from schemas.events import Resolution as How
from services.extract.actors.making import Registry
from services.extract.actors.names import fold, one_edit_apart, person_name
from services.extract.actors.resolve import Resolver
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity, Range


def resolver_for(
    text: str,
    entities: dict[str, str],
    sources: list[Range],
    registry: Registry | None = None,
    authors: tuple[str, ...] = (),
) -> Resolver:
    """A resolver whose tagger saw the given names, with their labels, wherever they stand."""
    seen = [
        Entity(Range(*m.span()), label, 0.9)
        for name, label in entities.items()
        for m in re.finditer(rf"\b{re.escape(name)}\b", text)
    ]
    attributions = [Attribution("indirect", (Range(0, 1),), source, None, 0.9) for source in sources]
    return Resolver(
        text,
        article_id="art-1",
        entities=seen,
        attributions=attributions,
        sentences=sentences(text),
        quoted=quoted_stretches(text),
        authors=authors,
        registry=registry,
    )


def resolve(text: str, entities: dict[str, str], **options: object) -> Actor:
    """The actor of the last source, all sources being marked [[like this]]."""
    sources: list[Range] = []
    plain = ""
    for part in re.split(r"(\[\[.*?\]\])", text):
        if part.startswith("[["):
            sources.append(Range(len(plain), len(plain) + len(part) - 4))
            part = part[2:-2]
        plain += part
    made = resolver_for(plain, entities, sources, **options)  # type: ignore[arg-type]
    return [made.resolve(source) for source in sources][-1]


P, O = "PERSON", "ORGANIZATION"  # noqa: E741

CASES: list[tuple[str, dict[str, str], str, Kind, How]] = [
    # father and son; the plain surname is not the one the article calls otherwise
    (
        "Donald J. Trump met Donald Trump Jr. here. [[Trump]] said so.",
        {"Donald J. Trump": P, "Donald Trump Jr": P, "Trump": P},
        "Donald J. Trump",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Melania Trump came, Donald Trump not. Melania left, Melania Trump said. [[Trump]] said so.",
        {"Melania Trump": P, "Donald Trump": P, "Melania": P, "Trump": P},
        "Donald Trump",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Bill Clinton met Hillary Clinton. [[Mrs. Clinton]] said so.",
        {"Bill Clinton": P, "Hillary Clinton": P, "Clinton": P},
        "Hillary Clinton",
        Kind.PERSON,
        How.SURNAME,
    ),
    # organisations by the noun that heads their name, where such institutions carry it
    (
        "The Poe Foundation for Art opened. [[The foundation]] said so.",
        {"Poe Foundation": O},
        "Poe Foundation",
        Kind.ORGANIZATION,
        How.ALIAS,
    ),
    (
        "The Hill Court sat. The Poe Court of Appeal sat too. [[The court]] said so.",
        {"Hill Court": O, "Poe Court of Appeal": O},
        "Poe Court of Appeal",
        Kind.ORGANIZATION,
        How.ALIAS,
    ),
    (
        "Dish Network opened. [[The network]] said so.",
        {"Dish Network": O},
        "The network",
        Kind.ORGANIZATION,
        How.DESCRIPTION,
    ),
    (
        "[[The foundation]] said so. The Poe Foundation is old.",
        {"Poe Foundation": O},
        "The foundation",
        Kind.ORGANIZATION,
        How.DESCRIPTION,
    ),
    (
        "The Church of Poe met. [[The Church]] said so.",
        {"Church of": O, "Poe": "MISC", "Church": O},
        "Church of Poe",
        Kind.ORGANIZATION,
        How.NAME,
    ),
    # whoever was it, not whoever is; and nobody whose man is meant
    (
        (
            "Gov. Anna Lee met Paul Jones, a former governor of Ohio. Lee left with Gov. Ann Poe. [[The"
            " former governor]] said so."
        ),
        {"Anna Lee": P, "Paul Jones": P, "Lee": P, "Ann Poe": P},
        "Paul Jones",
        Kind.PERSON,
        How.TITLE,
    ),
    (
        "Paul Jones, the former mayor, left. [[The former mayor’s spokeswoman]] said so.",
        {"Paul Jones": P},
        "The former mayor’s spokeswoman",
        Kind.UNNAMED,
        How.DESCRIPTION,
    ),
    (
        "Former Gov. Paul Jones met Gov. Ann Poe. [[The former governor]] said so.",
        {"Paul Jones": P, "Ann Poe": P},
        "Paul Jones",
        Kind.PERSON,
        How.TITLE,
    ),
    # nobody of the other party
    (
        (
            "Democratic candidate Anna Lee spoke. Ann Poe left. Ann Poe slept. [[The Republican candidate]]"
            " said so."
        ),
        {"Anna Lee": P},
        "The Republican candidate",
        Kind.UNNAMED,
        How.DESCRIPTION,
    ),
    (
        "Democratic candidate Anna Lee spoke. [[The Democratic candidate]] said so.",
        {"Anna Lee": P},
        "Anna Lee",
        Kind.PERSON,
        How.TITLE,
    ),
    # several at once
    (
        "[[Anna Lee (D-Ore.) and Paul Jones (R-Pa.) all]] said so.",
        {"Anna Lee": P, "Paul Jones": P},
        "Anna Lee and Paul Jones",
        Kind.GROUP,
        How.NAME,
    ),
    (
        "[[Neither Anna Lee nor Paul Jones]] said so.",
        {"Anna Lee": P, "Paul Jones": P},
        "Anna Lee and Paul Jones",
        Kind.GROUP,
        How.NAME,
    ),
    ("[[K.C. Maurer]] said so.", {"Maurer": P}, "K.C. Maurer", Kind.PERSON, How.NAME),
    ("He left the U.S. Maurer stayed. [[Maurer]] said so.", {"Maurer": P}, "Maurer", Kind.PERSON, How.NAME),
    ("[[CEO of the Refugee Council Enver Solomon]] said so.", {}, "Enver Solomon", Kind.PERSON, How.NAME),
    (
        "After Lily Poe won it was Kate Lee who began. “Fine,” [[she]] said.",
        {"Lily Poe": P, "Kate Lee": P},
        "Kate Lee",
        Kind.PERSON,
        How.PRONOUN,
    ),
    # letters to the editor
    (
        "[[I]] cannot fathom it.\n\nAnna Lee.\n\nHenderson, Nev.\n\nI can.\n\nPaul Jones.",
        {"Anna Lee": P, "Paul Jones": P},
        "Anna Lee",
        Kind.PERSON,
        How.PRONOUN,
    ),
    # institutions the tagger takes for persons
    ("[[The Kremlin]] said so.", {"Kremlin": P}, "Kremlin", Kind.ORGANIZATION, How.NAME),
    (
        "Paul Jones came. [[Wikinews]] said so.",
        {"Wikinews": P, "Paul Jones": P},
        "Wikinews",
        Kind.ORGANIZATION,
        How.NAME,
    ),
    (
        "Anna Lee resigned. [[Lee's office]] said so.",
        {"Anna Lee": P, "Lee": P},
        "Anna Lee’s office",
        Kind.ORGANIZATION,
        How.NAME,
    ),
    # a name that only modifies is not in focus
    (
        "Clinton spokeswoman Jane Poe said Trump lies. “He does,” [[she]] said.",
        {"Clinton": P, "Jane Poe": P, "Trump": P},
        "Jane Poe",
        Kind.PERSON,
        How.PRONOUN,
    ),
    (
        "Holt’s colleague Matt Lauer left after [[he]] said so.",
        {"Holt": P, "Matt Lauer": P},
        "Matt Lauer",
        Kind.PERSON,
        How.PRONOUN,
    ),
    # described sources take part: as bearers of an office, as themselves, and as another word for who is in
    # focus
    (
        "Lavrov’s spokeswoman, Jane Poe, left. [[The spokeswoman]] said so.",
        {"Lavrov": P, "Jane Poe": P},
        "Jane Poe",
        Kind.PERSON,
        How.TITLE,
    ),
    (
        "Anna Lee runs the bank. [[A spokeswoman for the bank]] said so. [[She]] added it.",
        {"Anna Lee": P},
        "A spokeswoman for the bank",
        Kind.UNNAMED,
        How.PRONOUN,
    ),
    (
        "Paul Jones met Anna Lee. [[The billionaire businessman]] said so.",
        {"Anna Lee": P, "Paul Jones": P},
        "Paul Jones",
        Kind.PERSON,
        How.DESCRIPTION,
    ),
    (
        "Paul Jones was hurt. [[The 34-year-old]] said so.",
        {"Paul Jones": P},
        "Paul Jones",
        Kind.PERSON,
        How.DESCRIPTION,
    ),
    (
        "Paul Jones was hurt. [[The officer]] said so.",
        {"Paul Jones": P},
        "The officer",
        Kind.UNNAMED,
        How.DESCRIPTION,
    ),
    (
        "[[Russian Foreign Minister Sergei Lavrov]] said so.",
        {"Sergei Lavrov": P},
        "Sergei Lavrov",
        Kind.PERSON,
        How.NAME,
    ),
    (
        "Sergei Lavrov came. [[Lavrov]] said so.",
        {"Sergei Lavrov": P, "Lavrov": P},
        "Sergei Lavrov",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "U.S. President Donald Trump came. [[President Trump]] said so.",
        {"Donald Trump": P, "Trump": P},
        "Donald Trump",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Donald Trump came. [[Trump’s statement on Friday]] said so.",
        {"Donald Trump": P},
        "Donald Trump",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Volodymyr Zelensky came. [[Zelenskyy]] said so.",
        {"Volodymyr Zelensky": P, "Zelenskyy": P},
        "Volodymyr Zelensky",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Volodymyr Zelensky, [[who]] said he would come, left.",
        {"Volodymyr Zelensky": P},
        "Volodymyr Zelensky",
        Kind.PERSON,
        How.RELATIVE_PRONOUN,
    ),
    (
        "Anna Smith met Paul Jones. “Fine,” [[she]] said.",
        {"Anna Smith": P, "Paul Jones": P},
        "Anna Smith",
        Kind.PERSON,
        How.PRONOUN,
    ),
    (
        "[[Donald Trump]] told host Todd Starnes that he would know. “After that,” [[he]] said.",
        {"Donald Trump": P, "Todd Starnes": P},
        "Donald Trump",
        Kind.PERSON,
        How.PRONOUN,
    ),
    (
        "Anna Miller and Paul Miller came. [[Mr. Miller]] said so.",
        {"Anna Miller": P, "Paul Miller": P, "Miller": P},
        "Paul Miller",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Michelle Obama came. Mr. Obama stayed. [[Mr. Obama]] said so.",
        {"Michelle Obama": P, "Obama": P},
        "Obama",
        Kind.PERSON,
        How.NAME,
    ),
    ("[[The White House]] said so.", {"White House": O}, "White House", Kind.ORGANIZATION, How.NAME),
    (
        "The Federal Bureau of Investigation came. [[The FBI]] said so.",
        {"Federal Bureau of Investigation": O, "FBI": O},
        "Federal Bureau of Investigation",
        Kind.ORGANIZATION,
        How.ALIAS,
    ),
    ("Sen. Ted Cruz came. [[The senator]] said so.", {"Ted Cruz": P}, "Ted Cruz", Kind.PERSON, How.TITLE),
    ("[[His running mate, Mike Pence]], said so.", {"Mike Pence": P}, "Mike Pence", Kind.PERSON, How.NAME),
    (
        "[[Bank of Canada economist Nathan Janzen]] said so.",
        {"Nathan Janzen": P, "Bank of Canada": O},
        "Nathan Janzen",
        Kind.PERSON,
        How.NAME,
    ),
    (
        "[[A spokesman for Donald Trump]] said so.",
        {"Donald Trump": P},
        "A spokesman for Donald Trump",
        Kind.UNNAMED,
        How.DESCRIPTION,
    ),
    (
        "[[Donald Trump supporters]] said so.",
        {"Donald Trump": P},
        "Donald Trump supporters",
        Kind.GROUP,
        How.DESCRIPTION,
    ),
    ("[[a senior official]] said so.", {}, "a senior official", Kind.UNNAMED, How.DESCRIPTION),
    ("[[The report]] said so.", {}, "The report", Kind.DOCUMENT, How.DESCRIPTION),
    (
        "[[Jon Tester (D-Mont.) and David Vitter (R-La.)]] said so.",
        {"Jon Tester": P, "David Vitter": P},
        "Jon Tester and David Vitter",
        Kind.GROUP,
        How.NAME,
    ),
    ("[[Democrats]] said so.", {"Democrats": "MISC"}, "Democrats", Kind.GROUP, How.NAME),
    ("[[The ministry]] said so. [[It]] said more.", {}, "The ministry", Kind.ORGANIZATION, How.PRONOUN),
    ("Officials met. [[he]] said so.", {}, "he", Kind.UNNAMED, How.UNRESOLVED),
    # names the tagger cut or took for a title
    (
        "John G. Hill Jr. came. [[Justice Hill]] said so.",
        {"John G. Hill": P, "Hill": P},
        "John G. Hill Jr.",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "Charlie King came. [[Mr. King]] said so.",
        {"Charlie King": P, "King": P},
        "Charlie King",
        Kind.PERSON,
        How.SURNAME,
    ),
    (
        "[[Rucker Culpepper, who runs it,]] said so.",
        {"Rucker": P, "Culpepper": P},
        "Rucker Culpepper",
        Kind.PERSON,
        How.NAME,
    ),
    (
        "Paul Jones waved. “The Paul!” she cried. [[Paul]] said so.",
        {"Paul Jones": P, "Paul": P},
        "Paul Jones",
        Kind.PERSON,
        How.SURNAME,
    ),
    ("Anna Lee came. [[Anna Le]]e said so.", {"Anna Lee": P}, "Anna Lee", Kind.PERSON, How.SURNAME),
    (
        "[[Director of the Council on American - Asian Relations Alia Poe]] said so.",
        {"Alia Poe": P, "American": O},
        "Alia Poe",
        Kind.PERSON,
        How.NAME,
    ),
    # which Clinton: the pronouns after the surname tell
    (
        (
            "Hillary Clinton ran. Ex-President Bill Clinton helped. Hillary smiled. [[Clinton]] said she"
            " would win."
        ),
        {"Hillary Clinton": P, "Bill Clinton": P, "Hillary": P, "Clinton": P},
        "Hillary Clinton",
        Kind.PERSON,
        How.SURNAME,
    ),
    # offices and kin
    (
        "Paul Jones left his wife Anna Lee. [[His ex-wife]] said so.",
        {"Paul Jones": P, "Anna Lee": P},
        "Anna Lee",
        Kind.PERSON,
        How.TITLE,
    ),
    (
        "[[A judge]] said no.\n\nJustice Frank Poe wrote it.",
        {"Frank Poe": P},
        "Frank Poe",
        Kind.PERSON,
        How.TITLE,
    ),
    (
        "[[A senior official]] said no.\n\nAn official, Frank Poe, left.",
        {"Frank Poe": P},
        "A senior official",
        Kind.UNNAMED,
        How.DESCRIPTION,
    ),
    (
        "[[A judge]] said no. Judge Frank Poe wept. Judge Anna Lee wept.",
        {"Frank Poe": P, "Anna Lee": P},
        "A judge",
        Kind.UNNAMED,
        How.DESCRIPTION,
    ),
    # whose words
    ("Paul Jones spoke. [[His remarks]] said so.", {"Paul Jones": P}, "Paul Jones", Kind.PERSON, How.PRONOUN),
    # a long quotation names others; the one who was introduced before it speaks
    (
        (
            "While Paul Jones had songs, that is over, which concerns Henry Poe, president of the"
            " club.\n\n“Jones had Bono,” [[he]] said."
        ),
        {"Paul Jones": P, "Henry Poe": P, "Jones": P},
        "Henry Poe",
        Kind.PERSON,
        How.PRONOUN,
    ),
    # a person’s gender is learnt from a pronoun that leaves no choice
    (
        (
            "Zyx Qanat spoke. He smiled. Anna Lee left. She wept. Qanat said Paul Jones lies. But [[he]] said"
            " it was late."
        ),
        {"Zyx Qanat": P, "Anna Lee": P, "Qanat": P, "Paul Jones": P},
        "Zyx Qanat",
        Kind.PERSON,
        How.PRONOUN,
    ),
    # relative clauses
    (
        "The club heard 95 retired generals and admirals -- most of them old -- [[who]] said so.",
        {},
        "95 retired generals and admirals",
        Kind.GROUP,
        How.DESCRIPTION,
    ),
    (
        "He met two voters, Anna Lee and Paul Jones, [[who]] said so.",
        {"Anna Lee": P, "Paul Jones": P},
        "Anna Lee and Paul Jones",
        Kind.GROUP,
        How.RELATIVE_PRONOUN,
    ),
    (
        "It was George Hill, who came, and his wife, Anna, [[who]] said so.",
        {"George Hill": P, "Anna": P},
        "Anna",
        Kind.PERSON,
        How.RELATIVE_PRONOUN,
    ),
    (
        "He took calls from black listeners to a radio program [[who]] said so.",
        {},
        "black listeners to a radio program",
        Kind.GROUP,
        How.DESCRIPTION,
    ),
    ("A panel writes for a Times page [[that]] said so.", {}, "a Times page", Kind.DOCUMENT, How.DESCRIPTION),
    # they
    ("City officials have stated [[they]] will come.", {}, "City officials", Kind.GROUP, How.PRONOUN),
    ("The book of the officials is out. [[They]] said so.", {}, "They", Kind.UNNAMED, How.UNRESOLVED),
    # accounts that sign
    (
        "Nothing seems right to [[me]].\n\n@anna_l.\n\nI like it.\n\n@bo_h.",
        {},
        "@anna_l",
        Kind.PERSON,
        How.PRONOUN,
    ),
]


@pytest.mark.parametrize(
    ("text", "entities", "name", "kind", "resolution"), CASES, ids=[case[0][:40] for case in CASES]
)
def test_a_source_phrase_leads_to_its_actor(
    text: str, entities: dict[str, str], name: str, kind: ActorKind, resolution: Resolution
) -> None:
    actor = resolve(text, entities)
    assert (actor.name, actor.kind, actor.resolution) == (name, kind, resolution)


def test_first_names_and_genders_keep_bearers_of_one_surname_apart() -> None:
    text = "[[Bill Clinton]] spoke first. Hillary Clinton listened. [[Hillary Clinton]] said so."
    assert resolve(text, {"Bill Clinton": P, "Hillary Clinton": P}).actor_id == "person:hillary-clinton"
    assert (
        resolve(
            "Bill Clinton and Hillary Clinton came. [[Mrs. Clinton]] said so.",
            {"Bill Clinton": P, "Hillary Clinton": P, "Clinton": P},
        ).name
        == "Hillary Clinton"
    )


def test_named_actors_share_an_id_across_articles_and_described_ones_never_do() -> None:
    text = "Sergei Lavrov and a senior official came."
    named = Range(0, 13)
    described = Range(18, 35)
    made = [
        Resolver(
            text,
            article_id=article,
            entities=[Entity(named, P, 0.9)],
            attributions=[],
            sentences=sentences(text),
            quoted=[],
        )
        for article in ("a", "b")
    ]
    assert {r.resolve(named).actor_id for r in made} == {"person:sergei-lavrov"}
    assert len({r.resolve(described).actor_id for r in made}) == 2
    assert len({r.resolve(None).actor_id for r in made}) == 2
    assert made[0].resolve(None).resolution is Resolution.UNRESOLVED


def test_i_is_the_only_author_and_nobody_when_there_are_two() -> None:
    assert resolve("[[I]] think so.", {}, authors=("Jane Roe",)).name == "Jane Roe"
    assert (
        resolve("[[I]] think so.", {}, authors=("Jane Roe", "John Doe")).resolution is Resolution.UNRESOLVED
    )


def test_a_registry_gives_canonical_name_and_wikidata_id() -> None:
    class Known:
        def look_up(self, kind: ActorKind, name: str) -> tuple[str, str | None] | None:
            return ("Sergey Lavrov", "Q58217") if name == "Sergei Lavrov" else None

    actor = resolve("[[Sergei Lavrov]] said so.", {"Sergei Lavrov": P}, registry=Known())
    assert (actor.name, actor.wikidata, actor.actor_id) == ("Sergey Lavrov", "Q58217", "person:sergey-lavrov")


def test_names_are_cut_and_folded() -> None:
    assert person_name(("Bill", "de", "Blasio")).surname == "de Blasio"
    assert person_name(("John", "Roberts", "Jr")).surname == "Roberts"
    assert person_name(("Cher",)).given is None
    assert fold("Zelensky") == fold("Zelenskyy") == fold("Zelenskiy")
    assert fold("Sergei") == fold("Sergey")
    assert one_edit_apart("wines", "wimes")
    assert one_edit_apart("abcd", "abdc")
    assert not one_edit_apart("trump", "trump")
    assert not one_edit_apart("clinton", "canton")


LABELS = st.sampled_from(["PERSON", "ORGANIZATION", "LOCATION", "MISC"])


@given(
    # normalised texts have no NUL
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40), LABELS), max_size=8),
    st.integers(0, 199),
    st.integers(1, 60),
)
def test_any_source_in_any_text_gets_an_actor_with_a_true_mention(
    text: str, entities: list[tuple[int, int, str]], start: int, length: int
) -> None:
    seen = [Entity(Range(a, min(len(text), a + n)), label, 0.5) for a, n, label in entities if a < len(text)]
    source = Range(min(start, len(text)), min(len(text), start + length))
    if not text[source.start : source.end].strip():
        return
    made = Resolver(
        text,
        article_id="a",
        entities=seen,
        attributions=[],
        sentences=sentences(text),
        quoted=quoted_stretches(text),
    )
    actor = made.resolve(source)
    assert actor.mention is not None
    assert text[actor.mention.start : actor.mention.end] == actor.mention.exact
    assert actor == made.resolve(source)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Donald J. Trump", "person:donald-trump"), ("Donald Trump", "person:donald-trump"), ("Donald Trump Jr.", "person:donald-trump-jr"),
     ("George W. Bush", "person:george-w-bush"), ("J.K. Rowling", "person:j-k-rowling"), ("Malcolm X", "person:malcolm-x"),
     ("William Henry Gates", "person:william-henry-gates")],
)  # fmt: skip
def test_a_middle_initial_makes_nobody_else_unless_it_tells_namesakes_apart(name: str, expected: str) -> None:
    assert resolve(f"[[{name}]] said so.", {name.rstrip("."): P}).actor_id == expected


@pytest.mark.parametrize(
    ("label", "name", "kind", "how"),
    [("MR. SPICER", "Sean Spicer", Kind.PERSON, How.SURNAME), ("WALLACE", "Wallace", Kind.PERSON, How.NAME),
     ("Q", "Q", Kind.UNNAMED, How.UNRESOLVED), ("A", "Sean Spicer", Kind.PERSON, How.DESCRIPTION),
     ("THE MODERATOR", "the moderator", Kind.UNNAMED, How.DESCRIPTION)],
)  # fmt: skip
def test_labels_of_a_transcript_are_speakers(label: str, name: str, kind: Kind, how: How) -> None:
    text = f"Sean Spicer spoke.\n\n{label}: We will not."
    start = text.index(f"{label}:")
    turn = Attribution(
        "direct", (Range(len(text) - 12, len(text)),), Range(start, start + len(label)), None, 0.9, turn=True
    )
    resolver = Resolver(
        text,
        article_id="art-1",
        entities=[Entity(Range(0, 11), P, 0.9)],
        attributions=[turn],
        sentences=sentences(text),
        quoted=[],
    )
    actor = resolver.resolve(turn.source)
    assert (actor.name, actor.kind, actor.resolution) == (name, kind, how)
