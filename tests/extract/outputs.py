"""What the extractor makes of the committed sample articles, as digests: one version always gives the same bytes.

    python -m tests.extract.outputs      # after raising EXTRACTOR_VERSION in services/extract/extract.py

writes ``tests/extract/outputs.json`` anew; it refuses while the version is the one the file was written with. Model and version are in
the file, so that a new model without a new version is noticed too. Words, spans, people and ids count to the letter. Probabilities differ
in their last digits between processors, so of each article's only the sum is kept, and compared to :data:`TOLERANCE`.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from schemas.events import Article
from services.embedded import SAMPLES
from services.extract.extract import EXTRACTOR_VERSION, Extractor, events
from services.extract.tagger import Tagger
from services.ingest.readers import Limits, Offer, format_of, read
from tests.support.arrivals import arrival

FILE = Path(__file__).with_suffix(".json")
TOLERANCE = 0.01
CURE = (
    "raise EXTRACTOR_VERSION in services/extract/extract.py and run `python -m tests.extract.outputs`: documents of one version have "
    "one id, and two lists of statements under one id are a contradiction"
)


def sample_articles() -> list[Article]:
    """The committed sample articles, by name."""
    found = []
    for path in sorted(SAMPLES.glob("*.txt")):
        (item,) = read(arrival(path.name), io.BytesIO(path.read_bytes()), Limits(1_000_000), format_of(path.name))
        assert isinstance(item, Offer), str(item)
        found.append(item.article)
    return found


def outputs(tagger: Tagger) -> dict[str, Any]:
    """The content of the file for this code and this model."""
    with Extractor(tagger) as extractor:
        found = {article.origin.removeprefix("file:"): summed_up(extractor, article) for article in sample_articles()}
    return {"version": EXTRACTOR_VERSION, "model_sha256": tagger.model_sha256, "articles": found}


def summed_up(extractor: Extractor, article: Article) -> dict[str, Any]:
    """A digest of an article's events without their probabilities, and the sum of these."""
    probabilities: list[float] = []
    told = [_without(probabilities, event.as_dict()) for event in events(extractor.extract(article))]
    digest = hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return {"digest": digest[:32], "probabilities": round(sum(probabilities), 4)}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two articles' outputs are the same."""
    apart: float = abs(one["probabilities"] - other["probabilities"])
    return bool(one["digest"] == other["digest"]) and apart <= TOLERANCE


def _without(probabilities: list[float], value: Any) -> Any:
    """The value with its floats moved to ``probabilities``."""
    if isinstance(value, dict):
        return {name: _without(probabilities, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without(probabilities, part) for part in value]
    if isinstance(value, float):
        probabilities.append(value)
        return None
    return value


def main() -> int:
    """Write the file anew; 1 when the version forbids it."""
    kept, made = json.loads(FILE.read_text()) if FILE.exists() else None, outputs(Tagger.load())
    if kept is not None and kept != made and kept["version"] == made["version"]:
        print(f"outputs of version {made['version']} are written already and differ: {CURE}", file=sys.stderr)
        return 1
    FILE.write_text(json.dumps(made, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
