"""What tells who an actor is, each kind of evidence by a name by which it can be left out."""

from __future__ import annotations

PRONOUNS = "pronouns"
FIRST_PERSON = "first-person"
PLURALS = "plurals"
RELATIVES = "relatives"
OFFICES = "offices"
ORGANISATIONS = "organisations"
NAMED_LATER = "named-later"
VARIATIONS = "variations"
INSTITUTIONS = "institutions"
OVERLOOKED = "overlooked-names"
ADDRESSEES = "addressees"

EVIDENCE: dict[str, str] = {
    INSTITUTIONS: "one-word names of institutions are organisations, whatever the tagger calls them",
    OVERLOOKED: "a name that the tagger knows from elsewhere in the article is a name here, too",
    PRONOUNS: "“he” and “she” are whoever of that gender is in focus",
    FIRST_PERSON: "“I” outside quotations is the article's author",
    PLURALS: "“they” are a group or an organisation that spoke before",
    RELATIVES: "“who” is the noun phrase right before it",
    OFFICES: "“the senator” is the one whom the article gives that office",
    ORGANISATIONS: "“the foundation” is the organisation named so before",
    NAMED_LATER: "“a New York judge” of the lead is the one judge named later",
    VARIATIONS: "“the billionaire” is another word for who is in focus",
    ADDRESSEES: "“told reporters”: to whom something was said",
}
