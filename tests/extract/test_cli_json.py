from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from schemas.events import Claim, Quote
from schemas.ids import text_sha256
from services.chassis.errors import LimitExceeded
from services.extract.cli_json import MAX_BYTES, extract_paths, read_article
from services.extract.extract import Extractor
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
        assert set(attribution) == {"kind", "content", "source", "cue", "actor", "confidence"}
        assert attribution["content"]
        assert set(attribution["content"][0]) == {"start", "end"}
        assert attribution["actor"]["actor_id"]
    assert [found] == list(extract_paths([SAMPLE], extractor))


def test_a_bad_file_is_named_and_does_not_stop_the_others(extractor: Extractor, tmp_path: Path) -> None:
    good, other, broken = tmp_path / "a.txt", tmp_path / "b.pdf", tmp_path / "c.txt.gz"
    good.write_text("“Fine by me,” Anna Lee said.")
    other.write_bytes(b"%PDF")
    broken.write_bytes(b"no gzip")
    results = list(extract_paths([tmp_path / "missing.txt", other, broken, good], extractor))
    assert [result.get("reason") for result in results] == ["unreadable", "unknown_format", "unreadable", None]
    assert all(str(path) in result["error"] for path, result in zip([tmp_path / "missing.txt", other, broken], results, strict=False))
    assert results[-1]["quotes"]


def test_directories_are_searched_in_order(extractor: Extractor, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.txt").write_text("Rain.")
    (tmp_path / "deep" / "a.html.gz").write_bytes(gzip.compress(b"<p>Rain.</p>"))
    (tmp_path / "notes.md").write_text("no")
    assert [Path(result["path"]).name for result in extract_paths([tmp_path], extractor)] == ["b.txt", "a.html.gz"]


@pytest.mark.parametrize(
    ("data", "text"),
    [("“é”".encode(), "“é”"), (b"\xef\xbb\xbf\xc3\xa9", "é"), ("é".encode("utf-16"), "é"), (b"\x93\xe9\x94", "“é”")],
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
    with pytest.raises(LimitExceeded, match=r"a\.txt: larger than"):
        read_article(path)
