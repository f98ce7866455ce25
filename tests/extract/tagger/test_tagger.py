"""The shipped model: it loads, it finds plain things, and no text breaks it."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.extract.tagger import ModelBroken, Tagger
from services.extract.tagger.spec import SHIPPED
from services.extract.types import Tagged


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load()


def read(text: str, tagged: Tagged) -> list[tuple[str | None, str | None, str]]:
    def words(span: tuple[int, int] | None) -> str | None:
        return text[slice(*span)] if span else None

    return [
        (words(item.source), words(item.cue), " … ".join(text[slice(*part)] for part in item.content))
        for item in tagged.attributions
    ]


def test_direct_and_indirect_speech_of_two_people(tagger: Tagger) -> None:
    text = (
        "“The bridge will reopen in May,” Transport Minister Anna Weiss told reporters in Berlin on"
        " Monday.\n\nOpposition leader Karl Braun said that the repairs had cost twice as much as planned.\n"
    )
    found = read(text, tagger(text))
    assert [(cue, content) for _, cue, content in found] == [
        ("told", "“The bridge will reopen in May,”"),
        ("said", "that the repairs had cost twice as much as planned"),
    ]
    assert "Anna Weiss" in (found[0][0] or "")
    assert "Karl Braun" in (found[1][0] or "")
    assert [item.kind for item in tagger(text).attributions] == ["direct", "indirect"]
    people = {text[slice(*entity.span)] for entity in tagger(text).entities if entity.label == "PERSON"}
    assert {"Anna Weiss", "Karl Braun"} <= people


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "x" * 100_000,
        "\ud800 said \udfff",
        "\x00\x01\x02",
        "😀" * 300,
        "“" * 2000,
        "”" * 2000,
        "[SEP] [CLS] [MASK] he said",
        "a\u0301" * 300,
        "İ“ﬁ”" * 50,
        "\r\n" * 100,
    ],
    ids=[
        "empty",
        "blank",
        "one word",
        "surrogates",
        "controls",
        "emoji",
        "opening",
        "closing",
        "specials",
        "combining",
        "folding",
        "lines",
    ],
)
def test_no_text_raises(tagger: Tagger, text: str) -> None:
    for item in tagger(text).attributions:
        assert all(text[slice(*part)] for part in item.content)


@settings(max_examples=40)
@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_gives_exact_spans(tagger: Tagger, text: str) -> None:
    tagged = tagger(text)
    for item in tagged.attributions:
        assert item.content
        assert list(item.content) == sorted(item.content)
        assert all(0 <= part.start < part.end <= len(text) for part in item.content)
    assert tagged == tagger(text)


def test_a_long_text_is_read_the_same_way_everywhere(tagger: Tagger) -> None:
    paragraph = "“We will not give up,” said Maria Lopez, the head of the union.\n\n"
    found = read(paragraph * 60, tagger(paragraph * 60))
    right = [
        item for item in found if item[2] == "“We will not give up,”" and "Maria Lopez" in (item[0] or "")
    ]
    assert len(right) >= 57  # seven windows: what starts one lacks the context before it


def test_it_says_which_model_it_is(tagger: Tagger) -> None:
    spec = json.loads((SHIPPED / "model.json").read_text(encoding="utf-8"))
    assert (tagger.name, tagger.version, tagger.model_sha256) == (
        spec["name"],
        spec["version"],
        spec["sha256"],
    )
    assert tagger.tokens("He said so.") == 4
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 25_000_000


def test_a_missing_or_exchanged_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=r"model\.json"):
        Tagger.load(tmp_path)
    for name in ("model.json", "tokenizer.json"):
        shutil.copy(SHIPPED / name, tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"another model")
    with pytest.raises(ModelBroken, match="sha256"):
        Tagger.load(tmp_path)
