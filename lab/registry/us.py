"""US office holders: ``python -m lab.registry.us FOLDER`` writes
``services/aggregate/identity/entries/us.jsonl``.

``FOLDER`` has ``legislators-current.yaml`` and ``executive.yaml`` of unitedstates/congress-legislators
(public domain, CC0). In are all members of the present Congress, and presidents and vice presidents since
1989. Wikidata ids are the source's own. Names and offices that the source does not hold are in
``us_more.jsonl``, by Wikidata id.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from schemas.ids import actor_id
from services.aggregate.identity.linking import is_common
from services.aggregate.identity.names import read
from services.aggregate.identity.registry import FOLDER

SINCE = "1989-01-20"
"""Who held an executive office only before is seldom in the news, and may share a name with somebody who
is."""
OFFICES = {"sen": "US senator", "rep": "US representative", "prez": "president", "viceprez": "vice president"}
MORE = Path(__file__).with_name("us_more.jsonl")

FAMOUS = frozenset(("Ted Cruz", "Mike Johnson", "Tim Scott", "Susan Collins", "Rick Scott"))
"""Of those with a common name, whom it means in the news."""

MANY = frozenset(("Robert Menendez",))
"""Of those with no common name, whose others bear that are in the news too: his father, a senator."""

ALONE = {"Donald Trump": "Trump", "Barack Obama": "Obama", "Joe Biden": "Biden"}
"""Who is meant by the surname alone."""


def people(folder: Path) -> list[dict[str, Any]]:
    """Everybody in the source, each once, terms in order."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, dict[str, Any]] = {}
    for name in ("legislators-current.yaml", "executive.yaml"):
        for person in yaml.load((folder / name).read_text(encoding="utf-8"), loader):  # noqa: S506 - a safe loader
            known = found.setdefault(_key(person), person)
            if known is not person:
                known["terms"] = sorted(
                    [*known["terms"], *person["terms"]], key=lambda term: str(term["start"])
                )
    return list(found.values())


def entries(people: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One registry entry per person; whoever shares a name with another, or has one that many bear, gets an
    id of his own."""
    found = [person for person in people if person["terms"][-1]["end"] > SINCE]
    more = {line["wikidata"]: line for line in map(json.loads, MORE.read_text(encoding="utf-8").splitlines())}
    shared = Counter(key for person in found for key in {actor_id("person", name) for name in names(person)})
    for person in found:
        added = more.get(person["id"].get("wikidata"), {})
        known = [*names(person), *added.get("names", ())]
        key = actor_id("person", known[0])
        parsed = read(key)
        famous = known[0] in FAMOUS
        alone = (
            shared[key] == 1
            and parsed is not None
            and known[0] not in MANY
            and (famous or not is_common(parsed))
        )
        own = person["id"].get("wikidata") or _key(person)
        entry: dict[str, Any] = {
            "id": key if alone else f"{key}@{own}",
            "names": known,
            "offices": [*offices(person["terms"]), *added.get("offices", ())],
        }
        if "wikidata" in person["id"]:
            entry["wikidata"] = person["id"]["wikidata"]
        if famous:
            entry["famous"] = True
        if known[0] in ALONE:
            entry["alone"] = [ALONE[known[0]]]
        yield entry


def names(person: dict[str, Any]) -> list[str]:
    """The name by which the person is known, then others."""
    name = person["name"]
    first, last, suffix = name.get("nickname") or name["first"], name["last"], name.get("suffix", "")
    found = [
        name.get("official_full", f"{first} {last} {suffix}".strip()),
        f"{first} {last}",
        f"{name['first']} {last}",
        f"{name['first']} {name['middle']} {last}" if "middle" in name else "",
        f"{name['first']} {_initials(name['middle'])} {last}" if "middle" in name else "",
        *(f"{first} {last} {suffix}" for _ in range(bool(suffix))),
    ]
    plain = f"{first} {last}"
    return [plain, *dict.fromkeys(one for one in found if one and one != plain)]


def offices(terms: Iterable[dict[str, Any]]) -> list[list[str]]:
    """Title, place (ISO 3166), first and last day; terms that follow each other joined."""
    found: list[list[str]] = []
    for term in terms:
        title, place = OFFICES[term["type"]], f"US-{term['state']}" if "state" in term else "US"
        if found and found[-1][:2] == [title, place] and found[-1][3][:4] == term["start"][:4]:
            found[-1][3] = term["end"]
        else:
            found.append([title, place, term["start"], term["end"]])
    return found


def _initials(middle: str) -> str:
    return " ".join(f"{word[0]}." for word in middle.split())


def _key(person: dict[str, Any]) -> str:
    return str(person["id"].get("govtrack") or person["id"]["bioguide"])


def main() -> None:
    """Read the sources, write the entries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    lines = [
        json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries(people(folder))
    ]
    (FOLDER / "us.jsonl").write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    print(f"{len(lines)} entries")


def items_by_name(folder: Path) -> dict[str, str]:
    """The Wikidata item of every name that one person alone has, since :data:`SINCE`."""
    found: dict[str, set[str]] = {}
    for person in people(folder):
        if person["terms"][-1]["end"] > SINCE:
            for name in names(person):
                found.setdefault(name, set()).add(person["id"].get("wikidata", ""))
    return {name: next(iter(items)) for name, items in found.items() if len(items) == 1 and "" not in items}


if __name__ == "__main__":
    main()
