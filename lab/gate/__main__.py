"""``make gate``: the exact output of committed articles. ``python -m lab.gate [--accept] [--without RULE]
[--trace NAME]``.

Reads the sample articles and the invented ones of ``lab/gate/articles`` (one or more for every rule and for
every fault that was mended) with the network's recorded answers, and compares what is found with
``lab/gate/expected``. A change of output is a diff there, accepted together with a new version of the
extractor.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import services
from lab.gate.recording import Recorded, Recorder
from lab.gate.rendering import rendered
from lab.gate.tracing import traced
from lab.quality.whole import plain_article
from schemas.events import Article
from services.extract.extract import EXTRACTOR_VERSION, AttributionTagger, Extractor
from services.extract.tagger import Tagger

HERE = Path(__file__).parent
RECORDING = HERE / "network.jsonl.gz"
EXPECTED = HERE / "expected"
VERSION = EXPECTED / "VERSION"


def articles() -> dict[str, str]:
    """The gate's articles by name: the samples, and those invented for it. ``NAME.LANGUAGE`` is in that
    language, ``NAME`` in English."""
    samples = Path(services.__file__).parent / "ingest" / "samples"
    paths = [*samples.glob("*.txt"), *(HERE / "articles").glob("*.txt")]
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(paths, key=lambda path: path.stem)}


def outputs(tagger: AttributionTagger, without: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Each article's name and what is found in it."""
    with Extractor(tagger, without=without) as extractor:
        for name, text in articles().items():
            yield name, rendered(extractor.extract(_article(name, text)))


def _article(name: str, text: str) -> Article:
    return plain_article(name, text).model_copy(update={"language": name.partition(".")[2] or "en"})


def differences(found: dict[str, str]) -> list[str]:
    """What differs from the stored output, as lines of a diff."""
    stored = {path.stem: path.read_text(encoding="utf-8") for path in EXPECTED.glob("*.txt")}
    lines: list[str] = []
    for name in sorted(stored.keys() | found.keys()):
        before, now = (side.get(name, "").splitlines() for side in (stored, found))
        lines += difflib.unified_diff(before, now, f"{name} (stored)", f"{name} (now)", lineterm="", n=1)
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, or accept; 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m lab.gate", description=__doc__)
    parser.add_argument(
        "--accept", action="store_true", help="ask the network anew and store what is found now"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="RULE",
        help="leave a rule out (see services/extract/rules.py)",
    )
    parser.add_argument(
        "--trace", choices=articles(), metavar="NAME", help="show what each pass does to one article"
    )
    options = parser.parse_args(arguments)
    if options.trace is not None:
        print("\n".join(traced(_article(options.trace, articles()[options.trace]), Recorded(RECORDING))))
        return 0
    if options.accept:
        return _accept()
    lines = differences(dict(outputs(Recorded(RECORDING), options.without)))
    print("\n".join(lines) or f"{len(articles())} articles as stored for version {EXTRACTOR_VERSION}")
    if lines and not options.without:
        print("\nMeant? Raise EXTRACTOR_VERSION in services/extract/extract.py and run `make gate ACCEPT=1`.")
    return int(bool(lines))


def _accept() -> int:
    recorder = Recorder(Tagger.load())
    found = dict(outputs(recorder))
    same_version = VERSION.exists() and VERSION.read_text().strip() == EXTRACTOR_VERSION
    if same_version and _changed(found):
        print(
            f"The output of stored articles changed and the version is {EXTRACTOR_VERSION} still: raise it"
            " first."
        )
        return 1
    EXPECTED.mkdir(exist_ok=True)
    for path in EXPECTED.glob("*.txt"):
        path.unlink()
    for name, text in found.items():
        (EXPECTED / f"{name}.txt").write_text(text, encoding="utf-8")
    VERSION.write_text(EXTRACTOR_VERSION + "\n")
    recorder.write(RECORDING)
    print(f"stored {len(found)} articles for version {EXTRACTOR_VERSION}")
    return 0


def _changed(found: dict[str, str]) -> bool:
    """Whether what is published of a stored article is something else now; a new article or a new way of
    showing it is no change."""
    stored = {path.stem: path.read_text(encoding="utf-8") for path in EXPECTED.glob("*.txt")}
    return any(
        stored[name].splitlines()[0] != found[name].splitlines()[0] for name in stored.keys() & found.keys()
    )


if __name__ == "__main__":
    sys.exit(main())
