"""GUM's news as a compact gold file per article: ``python -m lab.quality.gum_gold CONLLU_FOLDER OUT_FOLDER``.

The project carries these files (lab/labels/gum, with the attribution that CC BY asks for), so that the gate
needs no corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.quality.gum import Entity, GumArticle, GumRelation, Mention
from lab.quality.gum_conllu import parse_conllu
from lab.quality.polnear import CorpusMissing
from services.extract.types import Range

COMMITTED = Path(__file__).parents[1] / "labels" / "gum"
"""The gold files of this project; there in a checkout, not in an installed package."""


def to_json(article: GumArticle) -> dict[str, Any]:
    """The article as an object of lists and numbers; offsets are code points of ``text``. A mention is
    ``[entity, start, end, start of its head, end of its head, form]``."""
    return {
        "name": article.name,
        "title": article.title,
        "url": article.url,
        "text": article.text,
        "relations": [
            {"clause": list(r.clause), "source": _pairs(r.source), "cue": _pairs(r.cue)}
            for r in article.relations
        ],
        "entities": {str(number): list(entity) for number, entity in sorted(article.entities.items())},
        "mentions": [[m.entity, *m.span, *m.head, m.form] for m in article.mentions],
    }


def from_json(data: dict[str, Any]) -> GumArticle:
    """The inverse of :func:`to_json`."""
    return GumArticle(
        name=data["name"],
        text=data["text"],
        relations=tuple(
            GumRelation(Range(*r["clause"]), _ranges(r["source"]), _ranges(r["cue"]))
            for r in data["relations"]
        ),
        mentions=tuple(Mention(m[0], Range(m[1], m[2]), Range(m[3], m[4]), m[5]) for m in data["mentions"]),
        entities={int(number): Entity(*entity) for number, entity in data["entities"].items()},
        url=data["url"],
        title=data["title"],
    )


def read_gum(folder: Path) -> list[GumArticle]:
    """The articles of a folder of gold files (``.json``) or of GUM itself (``.conllu``) in the order of their
    names.

    Raises:
        CorpusMissing: there is neither.
    """
    gold = sorted(folder.glob("*.json"))
    if gold:
        return [from_json(json.loads(path.read_text(encoding="utf-8"))) for path in gold]
    original = sorted(folder.glob("*.conllu"))
    if not original:
        raise CorpusMissing(f"no .json or .conllu file in {folder}: pass the folder with GUM's news articles")
    return [parse_conllu(path.stem, path.read_text(encoding="utf-8")) for path in original]


def written(article: GumArticle) -> str:
    """The gold file: one line per field, so that a change of one layer is a change of one line."""
    fields = (
        f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
        for key, value in to_json(article).items()
    )
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _pairs(ranges: Sequence[Range]) -> list[list[int]]:
    return [list(span) for span in ranges]


def _ranges(pairs: list[list[int]]) -> tuple[Range, ...]:
    return tuple(Range(*pair) for pair in pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the gold files; 0, or 2 with one line on standard error when there is nothing to read."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.gum_gold", description=__doc__)
    parser.add_argument("conllu", type=Path, help="folder with GUM_news_*.conllu")
    parser.add_argument("out", type=Path, help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        articles = read_gum(options.conllu)
    except CorpusMissing as error:
        print(error, file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    for article in articles:
        (options.out / f"{article.name}.json").write_text(written(article), encoding="utf-8")
    print(f"{len(articles)} articles, {sum(len(article.relations) for article in articles)} relations, "
          f"{sum(len(article.mentions) for article in articles)} mentions")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
