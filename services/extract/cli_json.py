"""``onrecord extract PATH… --json``: files in, one JSON-ready object per article out; no log, no server."""

from __future__ import annotations

import codecs
import datetime as dt
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from schemas.events import Article
from schemas.ids import digest
from services.chassis.errors import LimitExceeded, PoisonError
from services.extract.extract import Extraction, Extractor
from services.extract.types import Range

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
SUFFIXES = (".txt", *HTML_SUFFIXES)
MAX_BYTES = 4_000_000
"""The longest content an article event carries."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # a file has no time of arrival, and output must not change from run to run
_CHARSET = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_HEAD = 4_096  # bytes in which a page declares its charset


def extract_paths(paths: Iterable[Path], extractor: Extractor) -> Iterator[dict[str, Any]]:
    """One object per article, in the order of the paths; directories are searched for ``.txt`` and ``.html``, also gzipped.

    An article that cannot be read or extracted yields ``{"path", "error", "reason"}`` and does not stop the others.
    """
    for path in _files(paths):
        try:
            article = read_article(path)
            yield as_json(path, extractor.extract(article))
        except PoisonError as error:
            yield {"path": str(path), "error": str(error), "reason": error.reason}
        except (OSError, EOFError, zlib.error) as error:
            yield {"path": str(path), "error": f"{path}: cannot be read: {error}", "reason": "unreadable"}


def read_article(path: Path) -> Article:
    """A file as an article; its id depends on nothing but its content.

    Raises:
        PoisonError: the file is neither ``.txt`` nor ``.html`` (optionally ``.gz``), or larger than :data:`MAX_BYTES`.
        OSError: it cannot be read.
    """
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(SUFFIXES):
        raise PoisonError(f"{path}: not a .txt or .html file (optionally .gz)", stage="decode", reason="unknown_format")
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"{path}: larger than {MAX_BYTES} bytes", stage="decode", reason="too_large")
    content_type: Literal["text/html", "text/plain"] = "text/html" if name.endswith(HTML_SUFFIXES) else "text/plain"
    content = _decode(data, html=content_type == "text/html")
    return Article(
        article_id=digest("article", content_type, content),
        fetched_at=_EPOCH,
        content_type=content_type,
        content=content,
        origin=f"file:{path.name}"[:2048],
    )


def as_json(path: Path | str, extraction: Extraction) -> dict[str, Any]:
    """An extraction as the object DESIGN §7 promises."""
    document = extraction.document
    return {
        "article_id": document.article_id,
        "path": str(path),
        "text": document.text,
        "text_sha256": document.text_sha256,
        "quotes": [quote.as_dict() for quote in extraction.quotes],
        "claims": [claim.as_dict() for claim in extraction.claims],
        "attributions": [
            {
                "kind": attribution.kind,
                "content": [_span(piece) for piece in attribution.content],
                "source": _span(attribution.source),
                "cue": _span(attribution.cue),
                "actor": attribution.actor.model_dump(mode="json"),
                "confidence": attribution.confidence,
            }
            for attribution in extraction.attributions
        ],
    }


def _span(span: Range | None) -> dict[str, int] | None:
    return None if span is None else {"start": span.start, "end": span.end}


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.name.lower().removesuffix(".gz").endswith(SUFFIXES))
        else:
            yield path


def _decode(data: bytes, *, html: bool) -> str:
    """By byte order mark, a page's own declaration, UTF-8, then windows-1252, the web's fallback."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    declared = _CHARSET.search(data[:_HEAD]) if html else None
    if declared is not None:
        try:
            return data.decode(declared.group(1).decode("ascii"), "strict")
        except (LookupError, UnicodeDecodeError):
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
