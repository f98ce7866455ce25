"""Who is known beyond the articles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.registry import us
from services.aggregate.identity import registry
from services.aggregate.identity.checking import problems_among
from services.aggregate.identity.deciding import identity_of, resolved
from services.aggregate.identity.entry import Entry
from services.aggregate.identity.local import is_local
from services.aggregate.identity.names import read
from services.aggregate.identity.registry import Registry
from tests.support.statements import actor


def known(identity: str) -> str | None:
    link = registry.known(identity)
    return link.other if link else None


@pytest.mark.parametrize(
    ("identity", "actor", "wikidata"),
    [
        ("person:ted-cruz", "person:ted-cruz", "Q2036942"),
        ("person:jd-vance", "person:j-d-vance", None),
        ("person:joseph-biden-jr", "person:joe-biden", "Q6279"),
        ("person:volodymyr-zelensky", "person:volodymyr-zelenskyy", "Q3874799"),
        ("person:владимир-путин", "person:vladimir-putin", "Q7747"),
        ("person:jinping-xi", "person:xi-jinping", "Q15031"),
        ("person:donald-trump-jr", "person:donald-trump-jr", None),
        ("organization:fbi", "organization:federal-bureau-of-investigation", "Q8333"),
        ("organization:apple-inc", "organization:apple", "Q312"),
    ],
)
def test_a_name_in_any_form_leads_to_its_entry(identity: str, actor: str, wikidata: str | None) -> None:
    assert known(identity) == actor
    assert wikidata is None or registry.wikidata_of(actor) == wikidata


@pytest.mark.parametrize(
    "identity", ["person:adam-smith", "person:jason-smith", "person:george-bush", "person:ada-lovelace-hart"]
)
def test_a_name_that_many_bear_or_nobody_known_leads_to_none(identity: str) -> None:
    assert known(identity) is None


def test_whom_a_common_name_may_mean_is_shown() -> None:
    assert [link.other for link in registry.possible("person:adam-smith")] == ["person:adam-smith@Q350916"]


def test_george_w_bush_is_not_his_father() -> None:
    assert known("person:george-w-bush") == "person:george-bush@Q207"
    assert known("person:george-h-w-bush") not in (None, "person:george-bush@Q207")


@pytest.mark.parametrize(
    ("name", "mention", "identity"),
    [
        ("Trump", "Trump", "person:donald-trump"),
        ("Putin", "Mr Putin", "person:vladimir-putin"),
        ("Zelensky", "Zelensky", "person:volodymyr-zelenskyy"),
    ],
)
def test_a_surname_that_means_one_person_leads_there(name: str, mention: str, identity: str) -> None:
    assert identity_of(actor(name, mention=mention), "art-1") == identity


@pytest.mark.parametrize(
    ("name", "mention"),
    [("Trump", "Mrs. Trump"), ("Obama", "First Lady Obama"), ("Clinton", "Clinton"), ("Bush", "Bush")],
)
def test_a_surname_of_several_known_people_does_not(name: str, mention: str) -> None:
    assert is_local(identity_of(actor(name, mention=mention), "art-1"))


def test_a_name_of_two_entries_leads_to_neither() -> None:
    two = Registry([Entry("person:ida-holm@1", ("Ida Holm",)), Entry("person:ida-holm@2", ("Ida Holm",))])
    name = read("person:ida-holm")
    assert name is not None
    assert [link.other for link in two.find(name)] == ["person:ida-holm@1", "person:ida-holm@2"]


def test_one_id_cannot_be_given_twice() -> None:
    with pytest.raises(ValueError, match="two entries"):
        Registry([Entry("person:ida-holm", ("Ida Holm",))] * 2)


def test_a_shared_name_leads_to_nobody_and_shows_whom_it_may_mean() -> None:
    assert known("organization:afp") is None
    found = {link.other: link.probability for link in registry.possible("organization:afp")}
    assert (
        found["organization:agence-france-presse"] == found["organization:australian-federal-police"] == 0.85
    )
    assert known("organization:agence-france-presse") == "organization:agence-france-presse"


def test_a_name_of_the_other_kind_leads_to_its_entry() -> None:
    assert known("person:downing-street") == "organization:downing-street"
    assert known("organization:keir-starmer") == "person:keir-starmer"
    assert known("organization:adam-smith") is None


def test_whoever_the_registry_knows_is_linked_to_nobody_else() -> None:
    names = {
        identity: name
        for identity in ("person:volodymyr-zelensky", "person:vladimir-zelenskiy")
        if (name := read(identity))
    }
    assert set(resolved(names).values()) == {"person:volodymyr-zelenskyy"}


# -- the shipped entries -------------------------------------------------------------------------------------

ENTRIES = registry.shipped()


def test_the_shipped_registry_holds_enough() -> None:
    assert len(ENTRIES) >= 3000


def test_every_entry_is_found_by_its_own_name_or_has_an_id_that_no_article_gives() -> None:
    for entry in ENTRIES:
        for form in list(entry.forms())[:1]:
            assert known(form.identity) == entry.id or "@" in entry.id, entry.names


def test_what_means_somebody_alone_leads_there() -> None:
    for entry in ENTRIES:
        for name in entry.alone:
            assert known(registry.known_alone(entry.kind, name) or "") == entry.id, name


def test_the_shipped_entries_contradict_nothing() -> None:
    assert problems_among(ENTRIES, ()) == []


def test_us_entries_are_what_their_source_makes_them() -> None:
    beside = (folder / "shared" / "data" / "actors-us" for folder in Path(__file__).parents)
    source = next((folder for folder in beside if folder.is_dir()), None)
    if source is None:
        pytest.skip("shared/data/actors-us, the source of us.jsonl, is in no folder above")
    made = sorted(
        json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        for entry in us.entries(us.people(source))
    )
    assert made == (registry.FOLDER / "us.jsonl").read_text(encoding="utf-8").splitlines()
