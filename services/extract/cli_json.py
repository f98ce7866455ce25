"""``onrecord extract PATH… --json``: files in, one JSON-ready object per article out; no log, no server."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from schemas.events import Article
from schemas.ids import digest
from services.chassis import decoding
from services.chassis.errors import LimitExceeded, OnrecordError, PoisonError
from services.extract.extract import Extraction, Extractor
from services.extract.resolved import ResolvedAttribution
from services.extract.types import Range

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
SUFFIXES = (".txt", *HTML_SUFFIXES)
MAX_BYTES = 4_000_000
"""The longest content an article event carries."""

# a file has no time of arrival, and output must not change from run to run
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_T = TypeVar("_T")


def extract_paths(paths: Iterable[Path], extractor: Extractor) -> Iterator[dict[str, Any]]:
    """One object per article, in the order of the paths; directories are searched for ``.txt`` and ``.html``,
    also gzipped.

    A path that is missing, empty, unreadable or no article yields ``{"path", "error", "reason"}`` and does
    not stop the others.
    """
    for path in paths:
        for file in _attempt(path, _files(path)):
            if isinstance(file, Path):
                yield from _attempt(file, _extracted(file, extractor))
            else:
                yield file


def _extracted(path: Path, extractor: Extractor) -> Iterator[dict[str, Any]]:
    yield as_json(path, extractor.extract(read_article(path)))


def read_article(path: Path) -> Article:
    """A file as an article; its id depends on nothing but its content.

    Raises:
        PoisonError: the file is neither ``.txt`` nor ``.html`` (optionally ``.gz``), or larger than
            :data:`MAX_BYTES`.
        NotText: it is binary, or in no charset that is known.
        ValidationError: it holds what no article may hold.
        OSError, EOFError, zlib.error: it cannot be read.
    """
    name = _plain_name(path)
    if not name.endswith(SUFFIXES):
        raise PoisonError(
            "not a .txt or .html file (optionally .gz)", stage="decode", reason="unknown_format"
        )
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"larger than {MAX_BYTES} bytes", stage="decode", reason="too_large")
    content_type: Literal["text/html", "text/plain"] = (
        "text/html" if name.endswith(HTML_SUFFIXES) else "text/plain"
    )
    # pages are read as browsers read them: what cannot be decoded is replaced
    page = content_type == "text/html"
    content = decoding.decode(data, decoding.declared_in_html(data) if page else None, forgiving=page)
    return Article(
        article_id=digest("article", content_type, content),
        fetched_at=_EPOCH,
        content_type=content_type,
        content=content,
        origin=f"file:{_written(path.name)}"[:2048],
    )


def as_json(path: Path | str, extraction: Extraction) -> dict[str, Any]:
    """An extraction as the object DESIGN §7 promises."""
    document = extraction.document
    return {
        "article_id": document.article_id,
        "path": _written(path),
        "text": document.text,
        "text_sha256": document.text_sha256,
        "quotes": [quote.as_dict() for quote in extraction.quotes],
        "claims": [claim.as_dict() for claim in extraction.claims],
        "attributions": [_attribution(attribution) for attribution in extraction.attributions],
    }


def _attribution(attribution: ResolvedAttribution) -> dict[str, Any]:
    return {
        "kind": attribution.kind,
        "content": [_span(piece) for piece in attribution.content],
        "source": _span(attribution.source),
        "cue": _span(attribution.cue),
        "actor": attribution.actor.model_dump(mode="json"),
        "confidence": attribution.confidence,
        "source_confidence": attribution.source_confidence,
        "nested": [_attribution(inner) for inner in attribution.nested],
    }


def _span(span: Range | None) -> dict[str, int] | None:
    return None if span is None else {"start": span.start, "end": span.end}


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or all articles below a directory, sorted.

    Raises:
        PoisonError: there is nothing at the path, or no article in the directory.
        OSError: it, or a directory below it, cannot be listed.
    """
    if not path.is_dir():
        if not path.exists():
            raise PoisonError("no such file or directory", stage="decode", reason="missing")
        yield path
        return
    barred: list[OSError] = []
    found = [
        Path(folder, name) for folder, _, names in os.walk(path, onerror=barred.append) for name in names
    ]
    # one that cannot be looked at is kept, so that opening it says why
    articles = sorted(
        file
        for file in found
        if _plain_name(file).endswith(SUFFIXES) and (os.path.isfile(file) or not os.path.exists(file))
    )
    yield from articles
    if barred:
        raise barred[0]
    if not articles:
        raise PoisonError(
            "no .txt or .html file (optionally .gz) in this directory", stage="decode", reason="empty"
        )


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def _written(path: Path | str) -> str:
    """A path as text: names may hold bytes that are no UTF-8, which nothing could print."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _attempt(path: Path, step: Iterator[_T]) -> Iterator[_T | dict[str, Any]]:
    """What ``step`` yields, and its failure as an error object; messages hold nothing of the content."""
    try:
        yield from step
    except OnrecordError as error:
        yield _error(path, str(error), error.reason if isinstance(error, PoisonError) else "transient")
    except decoding.NotText as error:
        yield _error(path, str(error), error.reason)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        )
        yield _error(path, f"is no article ({faults})", "schema")
    except (OSError, EOFError, zlib.error) as error:
        yield _error(path, f"cannot be read: {getattr(error, 'strerror', None) or error}", "unreadable")
    except ValueError as error:
        # its message may quote the content
        yield _error(path, f"cannot be read ({type(error).__name__})", "unreadable")


def _error(path: Path, message: str, reason: str) -> dict[str, Any]:
    return {"path": _written(path), "error": f"{_written(path)}: {message}", "reason": reason}
