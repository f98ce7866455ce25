"""How well pages are read: ``python -m lab.quality.page_reading --pages FOLDER [--part read|locked]
[--errors]``.

``FOLDER`` has pages (``.html.gz``) and beside each what a parser written by hand for its site says
(``.json``: title, authors, date, paragraphs). They are read as ingest and extract read them. Publishers are
*read* (errors may be looked at, and mended) or *locked* (figures only); the split is committed
(lab/labels/pages), the pages are not ours to copy.

- **words**: F1, precision and recall of the text's words, each as often as it stands there; of scripts
  without spaces, of characters.
- **paragraphs**: right paragraphs of which nine in ten runs of three words stand in the text.
- **title**: letters and digits alike. **date**: the same day by the right answer's clock; to the minute,
  where that says a time.
- **authors**: all of them, and no other.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import re
import statistics
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.chassis.errors import PoisonError
from services.chassis.words import letters
from services.extract.text.clean import clean
from services.extract.text.html import HtmlLimits, HtmlReader
from services.ingest.readers.html import read_html
from services.ingest.readers.items import Arrival, Limits, Skip, Unreadable

SPLIT = Path(__file__).parents[1] / "labels" / "pages" / "split.json"
READ, LOCKED = "read", "locked"

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_RUN = 3  # words
_FOUND = 0.9
_LIMITS = Limits(8_000_000)


@dataclass(frozen=True, slots=True)
class Right:
    """What a page's own parser says. ``published_at`` without a zone says a day, or a time on a clock that
    nobody names."""

    title: str
    authors: tuple[str, ...]
    published_at: dt.datetime | None
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was read off a page, in how many milliseconds of processor time. ``refused``: why it was not
    read."""

    title: str = ""
    authors: tuple[str, ...] = ()
    published_at: dt.datetime | None = None
    text: str = ""
    refused: str = ""
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """One page's figures; None where its right answer says nothing."""

    page: str
    precision: float
    recall: float
    paragraphs: float
    title: bool
    day: bool | None
    minute: bool | None
    authors: bool
    refused: str
    milliseconds: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall of words."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def publishers(part: str) -> frozenset[str]:
    """The publishers of a part."""
    return frozenset(json.loads(SPLIT.read_text(encoding="utf-8"))[part])


def pages_of(folder: Path, part: str) -> list[Path]:
    """The pages of a part, by name. A page's name is ``COUNTRY_PUBLISHER_DATE``."""
    wanted = publishers(part)
    return [path for path in sorted(folder.glob("*.html.gz")) if path.name.split("_")[1] in wanted]


def right_of(path: Path) -> Right:
    """The right answer beside a page."""
    data = json.loads(
        path.with_name(path.name.removesuffix(".html.gz") + ".json").read_text(encoding="utf-8")
    )
    body = data.get("body") or {"summary": [], "sections": []}
    parts = [*body["summary"]]
    for section in body["sections"]:
        parts += [*section["headline"], *section["paragraphs"]]
    moment = data.get("publishing_date")
    published_at = dt.datetime.fromisoformat(moment) if moment else None
    return Right(
        data.get("title") or "", tuple(data.get("authors") or ()), published_at, tuple(filter(None, parts))
    )


def read_page(path: Path, reader: HtmlReader) -> Found:
    """What ingest and extract read off a page, together."""
    data = gzip.decompress(path.read_bytes())
    started = _spent()
    try:
        read = read_html(Arrival(path.name, "quality", "file", dt.datetime.now(dt.UTC)), data, _LIMITS)
        if isinstance(read, Skip):
            return Found(refused=read.reason)
        article = read.article
        text = clean(article, reader)
    except (Unreadable, PoisonError) as error:
        return Found(refused=str(error.reason))
    spent = 1000 * (_spent() - started)
    published_at = article.published_at
    if published_at is None and text.published_on is not None:
        published_at = dt.datetime.combine(text.published_on, dt.time(), tzinfo=dt.UTC)
    return Found(article.title or text.title or "", article.authors, published_at, text.text, "", spent)


def _spent() -> float:
    """Seconds of processor time that this process and the reader's have spent: neighbours on the machine do
    not count."""
    process = psutil.Process()
    times = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def score_page(page: str, right: Right, found: Found) -> Score:
    """Compare what was read off a page with its right answer."""
    wanted, got = _words(" ".join(right.paragraphs)), _words(found.text)
    shared = sum((Counter(wanted) & Counter(got)).values())
    runs = frozenset(_runs(got))
    share = [_share(paragraph, runs) >= _FOUND for paragraph in right.paragraphs]
    return Score(
        page,
        precision=shared / len(got) if got else 0.0,
        recall=shared / len(wanted) if wanted else 1.0,
        paragraphs=sum(share) / len(share) if share else 1.0,
        title=letters(right.title) == letters(found.title),
        day=_same_day(right.published_at, found.published_at),
        minute=_same_minute(right.published_at, found.published_at),
        authors={letters(name) for name in right.authors} == {letters(name) for name in found.authors},
        refused=found.refused,
        milliseconds=found.milliseconds,
    )


def figures(scores: Sequence[Score]) -> dict[str, float]:
    """Means over pages, by name."""
    dated = [score for score in scores if score.day is not None]
    timed = [score for score in scores if score.minute is not None]
    spent = [score.milliseconds for score in scores if not score.refused]
    return {
        "pages": len(scores),
        "word F1": statistics.fmean(score.f1 for score in scores),
        "word precision": statistics.fmean(score.precision for score in scores),
        "word recall": statistics.fmean(score.recall for score in scores),
        "paragraphs": statistics.fmean(score.paragraphs for score in scores),
        "title": statistics.fmean(score.title for score in scores),
        "date, day": statistics.fmean(bool(score.day) for score in dated),
        "date, minute": statistics.fmean(bool(score.minute) for score in timed),
        "authors": statistics.fmean(score.authors for score in scores),
        "refused": sum(bool(score.refused) for score in scores),
        "ms, median": statistics.median(spent),
        "ms, most": max(spent),
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("\u00ad", ""))


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    size = min(_RUN, len(words))
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _share(paragraph: str, runs: frozenset[tuple[str, ...]]) -> float:
    """The share of a paragraph's runs that the text has; one of fewer words than a run has counts when its
    first words open a run."""
    words = _words(paragraph)
    if len(words) < _RUN:
        return float(any(run[: len(words)] == tuple(words) for run in runs))
    wanted = list(_runs(words))
    return sum(run in runs for run in wanted) / len(wanted)


def _same_day(right: dt.datetime | None, found: dt.datetime | None) -> bool | None:
    if right is None:
        return None
    return found is not None and _on_clock(found, right).date() == right.date()


def _same_minute(right: dt.datetime | None, found: dt.datetime | None) -> bool | None:
    if right is None or (right.tzinfo is None and right.time() == dt.time()):
        return None
    return found is not None and _on_clock(found, right).replace(second=0, microsecond=0) == right.replace(
        second=0, microsecond=0
    )


def _on_clock(found: dt.datetime, right: dt.datetime) -> dt.datetime:
    """The moment found, as the right answer's clock shows it; one without a zone is the page's own."""
    return found.astimezone(right.tzinfo) if right.tzinfo is not None else found.replace(tzinfo=None)


def _explain(score: Score, right: Right, found: Found) -> None:
    """The errors of a page, with the words; for read pages only."""
    print(
        f"\n{score.page}  P {score.precision:.3f}  R {score.recall:.3f}  paragraphs {score.paragraphs:.2f} "
        f" {score.refused}"
    )
    if not score.title:
        print(f"  title    {found.title!r}\n   right   {right.title!r}")
    if score.day is False or score.minute is False:
        print(f"  date     {found.published_at}   right {right.published_at}")
    if not score.authors:
        print(f"  authors  {list(found.authors)}   right {list(right.authors)}")
    wanted, got = _words(" ".join(right.paragraphs)), _words(found.text)
    missing, surplus = frozenset(_runs(got)), frozenset(_runs(wanted))
    for paragraph in right.paragraphs:
        if _share(paragraph, missing) < _FOUND:
            print(f"  - {paragraph[:150]}")
    for paragraph in filter(None, found.text.split("\n\n")):
        if _share(paragraph, surplus) < _FOUND / 2:
            print(f"  + {paragraph[:150]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of a part; 2 when there is nothing to measure."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.quality.page_reading", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--pages",
        type=Path,
        required=True,
        help="folder with pages (.html.gz) and their right answers (.json)",
    )
    parser.add_argument("--part", choices=[READ, LOCKED], default=READ, help="which publishers")
    parser.add_argument(
        "--errors", action="store_true", help="print what is wrong, page by page (read publishers only)"
    )
    options = parser.parse_args(arguments)
    if options.errors and options.part == LOCKED:
        parser.error("locked pages are a measure: their errors are not listed")
    pages = pages_of(options.pages, options.part)
    if not pages:
        print(
            f"{options.pages}: no page of a {options.part} publisher (.html.gz); --pages names their folder",
            file=sys.stderr,
        )
        return 2
    scores = []
    reader = HtmlReader(HtmlLimits(timeout_s=120.0))
    try:
        for path in pages:
            right, found = right_of(path), read_page(path, reader)
            score = score_page(path.name.removesuffix(".html.gz"), right, found)
            scores.append(score)
            if options.errors:
                _explain(score, right, found)
    finally:
        reader.close()
    for name, value in figures(scores).items():
        print(
            f"{name:15} {value:g}"
            if isinstance(value, int) or name.startswith("ms")
            else f"{name:15} {value:.3f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
