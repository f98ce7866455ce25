"""Descriptions: what kind of actor their nouns make them, and which word heads them."""

from __future__ import annotations

import re

from schemas.events import ActorKind
from services.extract.actors.names import WORD, bare, unpossessed
from services.extract.actors.phrase import Manner, Phrase
from services.extract.wordlist import words

PREPOSITION = re.compile(
    r"\b(?:of|for|to|with|by|from|at|in|on|against|between|about|near|behind|around|among|within|under)\b"
)
_DETERMINER = re.compile(r"(?:the|this|that|these|those|his|her|its|their|our|my|both|all)\b", re.IGNORECASE)
_POSSESSOR = re.compile(r"(?:[A-Z][\w.-]*\s+){0,3}[A-Z][\w.-]*['’]s?\s")
ORGANISATION_NOUN = words("""
    campaign administration government party company committee department agency foundation court team council ministry embassy
    commission bureau university college newspaper magazine network union group organization organisation firm bank board panel
    office association institute coalition lobby alliance federation league society church police military army navy senate house
    congress parliament legislature coastguard regulator watchdog airline airport authority service charity hospital museum
    club consortium
    """)
DOCUMENT_NOUN = words("""
    report reports piece article story letter poll polls survey surveys study memo book statement document documents lawsuit
    complaint ruling bill law order constitution email emails ad ads tweet tweets post posts website site page data figures
    transcript essay column editorial analysis filing filings indictment headline note paper review treaty agreement resolution
    release records record video film documentary budget plan platform list op-ed blog act amendment rule guidelines manifesto
    charter decree decision verdict opinion audit findings research newsletter press release
    """)
# Persons, by what they do or are. The list is closed: most nouns, and most plurals, are things.
PERSON_NOUN = words("""
    official officer critic voter resident student expert supporter worker activist protester protestor member family parent researcher
    scientist lawmaker senator republican democrat conservative liberal opponent advocate leader lawyer prosecutor investigator
    authoritie adviser aide analyst economist doctor teacher judge minister negotiator organizer organiser executive employee employer
    investor farmer soldier veteran refugee migrant immigrant citizen neighbor neighbour friend relative witness survivor victim fan
    player user reader listener viewer donor candidate strategist spokesman diplomat commander rebel fighter demonstrator
    """)
_PLURAL_NOUN = words("""
    fishermen policemen servicemen firemen businessmen businesswomen congressmen
    people men women police children media staff personnel clergy critics youth folks politicians
    """)


def described(words: str) -> Phrase:
    """The phrase that a description is: its words up to the first preposition, and the kind of its head."""
    description = unpossessed(words.strip(" .\"'“”‘’"))  # “the mayor’s message”
    preposition = PREPOSITION.search(description)
    core = description[: preposition.start()] if preposition and preposition.start() else description
    found = tuple(bare(word).partition("-of-")[0] for word in WORD.findall(core))  # “the dad-of-three”
    definite = _DETERMINER.match(description) is not None or _POSSESSOR.match(description) is not None
    return Phrase(
        Manner.DESCRIBED, description, _kind(found[-1] if found else ""), words=found, definite=definite
    )


def _kind(head: str) -> ActorKind:
    if head in DOCUMENT_NOUN:
        return ActorKind.DOCUMENT
    if head in _PLURAL_NOUN or (head.endswith("s") and not head.endswith(("ss", "us", "is"))):
        return ActorKind.GROUP
    return ActorKind.ORGANIZATION if head in ORGANISATION_NOUN else ActorKind.UNNAMED
