from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from schemas.events import Article, Claim, Quote
from schemas.ids import text_sha256
from services.chassis.errors import LimitExceeded
from services.extract.cli_json import MAX_BYTES, extract_paths, read_article
from services.extract.extract import Extraction, Extractor
from tests.extract.conftest import SAMPLE


def test_each_file_becomes_one_object_of_the_contract(extractor: Extractor) -> None:
    [found] = extract_paths([SAMPLE], extractor)
    assert set(found) == {"article_id", "path", "text", "text_sha256", "quotes", "claims", "attributions"}
    again = json.loads(json.dumps(found))
    assert again["text_sha256"] == text_sha256(again["text"])
    assert again["path"] == str(SAMPLE)
    for quote in again["quotes"]:
        Quote.model_validate(quote)
    for claim in again["claims"]:
        Claim.model_validate(claim)
    for attribution in again["attributions"]:
        assert set(attribution) == {
            "kind",
            "content",
            "source",
            "cue",
            "actor",
            "confidence",
            "source_confidence",
            "nested",
        }
        assert 0 < attribution["confidence"] <= attribution["source_confidence"] <= 1
        assert attribution["content"]
        assert set(attribution["content"][0]) == {"start", "end"}
        assert attribution["actor"]["actor_id"]
    assert [found] == list(extract_paths([SAMPLE], extractor))


def test_attributions_inside_others_stand_in_them_and_their_statements_name_the_others(
    extractor: Extractor, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(
        "Bill Roe said that Mary Poe had told reporters that taxes would rise in May.", encoding="utf-8"
    )
    [found] = json.loads(json.dumps(list(extract_paths([tmp_path], extractor))))
    [outer] = found["attributions"]
    [inner] = outer["nested"]
    words = [found["text"][part["start"] : part["end"]] for part in inner["content"]]
    assert (inner["actor"]["name"], words, inner["nested"]) == (
        "Mary Poe",
        ["that taxes would rise in May"],
        [],
    )
    roe, poe = found["claims"]
    assert (roe["claimant"]["name"], "within" in roe) == ("Bill Roe", False)
    assert (poe["claimant"]["name"], poe["within"]) == ("Mary Poe", roe["claim_id"])


GOOD = "“Fine by me,” Anna Lee said."


@pytest.mark.parametrize(
    ("name", "data", "reason", "message"),
    [
        ("b.pdf", b"%PDF", "unknown_format", "not a .txt or .html file"),
        ("b.txt.gz", b"no gzip", "unreadable", "cannot be read"),
        ("b.txt.gz", gzip.compress(GOOD.encode())[:-9], "unreadable", "cannot be read"),
        ("b.txt", bytes(range(256)) * 4, "binary", "it is not text"),
        ("b.txt", bytes(range(1, 32)) * 40, "binary", "it is not text"),
        ("b.html", b"\x7fELF\x00\x00", "binary", "it is not text"),
        ("b.txt", "“é” ".encode() * 9 + b"\xff", "encoding", "is not valid utf-8"),
        ("b.txt", b"\xff\xfea", "encoding", "is not valid utf-16"),
        ("b.html", b"<p>" + b"<div>" * 100_000, "html_tags", "60000 tags"),
        ("b.txt", b"Rain. " * 100_000, "too_large", "characters of text"),
        ("b.txt", None, "missing", "no such file or directory"),
        ("b.txt/", None, "missing", "no such file or directory"),
    ],
)
def test_a_bad_file_is_named_and_does_not_stop_the_others(
    extractor: Extractor, tmp_path: Path, name: str, data: bytes | None, reason: str, message: str
) -> None:
    good, bad = tmp_path / "a.txt", tmp_path / name
    good.write_text(GOOD)
    if data is not None:
        bad.write_bytes(data)
    refused, found = extract_paths([bad, good], extractor)
    assert refused == {"path": str(bad), "error": refused["error"], "reason": reason}
    assert refused["error"].startswith(f"{bad}: ")
    assert message in refused["error"]
    assert found["quotes"]


@pytest.mark.parametrize(
    "charset", ["undefined", "unicode_escape", "utf-7", "idna", "punycode", "no-such", "utf-16", "hex"]
)
def test_a_page_may_declare_any_charset(extractor: Extractor, tmp_path: Path, charset: str) -> None:
    page = tmp_path / "a.html"
    page.write_bytes(
        f'<html><meta charset="{charset}"><body><p>“Fine by \\ud800 me – é,” Anna Lee said.</p></body></html>'.encode()
    )
    [found] = extract_paths([page], extractor)
    assert "Fine by \\ud800 me – é" in found["text"]


def test_a_name_that_is_no_utf_8_is_printable(extractor: Extractor, tmp_path: Path) -> None:
    good, bad, folder = (
        Path(os.fsdecode(os.fsencode(tmp_path) + name))
        for name in (b"/caf\xe9.txt", b"/caf\xe9.pdf", b"/d\xe9")
    )
    good.write_text(GOOD)
    bad.write_bytes(b"%PDF")
    folder.mkdir()
    found, refused, empty = extract_paths([good, bad, folder], extractor)
    assert found["path"] == f"{tmp_path}/caf\ufffd.txt"
    assert read_article(good).origin == "file:caf\ufffd.txt"
    assert refused["error"].startswith(f"{tmp_path}/caf\ufffd.pdf: ")
    assert empty["path"] == f"{tmp_path}/d\ufffd"
    json.dumps([found, refused, empty], ensure_ascii=False).encode()


def test_a_directory_without_articles_is_an_error(extractor: Extractor, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("no")
    [refused] = extract_paths([tmp_path], extractor)
    assert refused["reason"] == "empty"
    assert refused["error"].startswith(f"{tmp_path}: no .txt or .html file")


def test_what_cannot_be_opened_in_a_directory_is_named_and_the_rest_read(
    extractor: Extractor, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").symlink_to("nowhere")
    (tmp_path / "b.txt").write_text(GOOD)
    refused, found = extract_paths([tmp_path], extractor)
    assert (refused["path"], refused["reason"]) == (str(tmp_path / "a.txt"), "unreadable")
    assert found["path"] == str(tmp_path / "b.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is barred to root; run as another user")
def test_a_directory_that_may_not_be_listed_is_an_error(extractor: Extractor, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GOOD)
    barred = tmp_path / "barred"
    barred.mkdir(mode=0)
    try:
        found, refused = extract_paths([tmp_path], extractor)
    finally:
        barred.chmod(0o700)
    assert found["quotes"]
    assert refused["reason"] == "unreadable"


def test_an_article_that_breaks_the_schema_is_refused_without_quoting_it(tmp_path: Path) -> None:
    class Failing:
        def extract(self, article: Article) -> Extraction:
            if "Secret" in article.content:
                # nothing a file holds is known to break the schema or to raise ValueError, so this does
                raise ValueError(article.content)
            return Article.model_validate(article.model_dump() | {"content": 7, "title": "Secret\x00"})  # type: ignore[return-value]

    (tmp_path / "a.txt").write_text("Secret words")
    (tmp_path / "b.txt").write_text("Other words")
    first, second = extract_paths([tmp_path], Failing())  # type: ignore[arg-type]
    assert (first["reason"], second["reason"]) == ("unreadable", "schema")
    assert "(ValueError)" in first["error"]
    assert "title: " in second["error"]
    assert "content: " in second["error"]
    assert "Secret" not in first["error"] + second["error"]


def test_directories_are_searched_in_order(extractor: Extractor, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.txt").write_text("Rain.")
    (tmp_path / "deep" / "a.html.gz").write_bytes(gzip.compress(b"<p>Rain.</p>"))
    (tmp_path / "notes.md").write_text("no")
    assert [Path(result["path"]).name for result in extract_paths([tmp_path], extractor)] == [
        "b.txt",
        "a.html.gz",
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("“é”".encode(), "“é”"),
        (b"\xef\xbb\xbf\xc3\xa9", "é"),
        ("é".encode("utf-16"), "é"),
        (b"\x93\xe9\x94", "“é”"),
    ],
)
def test_bytes_are_read_as_what_they_are(data: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    assert read_article(path).content == text


def test_a_page_declares_its_charset(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes('<meta charset="koi8-r"><p>Да</p>'.encode("koi8-r"))
    assert "Да" in read_article(path).content


def test_the_id_depends_on_the_content_alone(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Rain.")
    assert read_article(tmp_path / "a.txt").article_id == read_article(tmp_path / "b.txt").article_id


def test_a_file_too_large_for_an_event_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * (MAX_BYTES + 1))
    with pytest.raises(LimitExceeded, match="larger than"):
        read_article(path)
