"""What can be scored: the tagger, or the output of ``onrecord extract --json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lab.quality.mapping import CharacterMap
from lab.quality.polnear import GoldArticle
from services.extract.types import Attribution, Range

System = Callable[[GoldArticle], Sequence[Attribution]]


class PredictionsBroken(Exception):
    """A file of predictions that cannot be scored; the message names the line and what is wrong."""


def text_system(find: Callable[[str], Sequence[Attribution]]) -> System:
    """A system that reads the article's text as it is."""
    return lambda article: find(article.text)


def recorded_system(path: Path) -> System:
    """Attributions recorded by ``onrecord extract --json``, found by the file name of each article and mapped
    onto its text.

    Raises:
        PredictionsBroken: a line is no JSON object of that form, or (when scoring) an article is missing.
    """
    records: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            records[Path(record["path"]).name.removesuffix(".txt")] = record
            record["text"], record["attributions"]
        except (ValueError, KeyError, TypeError) as error:
            raise PredictionsBroken(
                f"{path}, line {number}: not a line of `onrecord extract --json` ({error!r})"
            ) from error

    def find(article: GoldArticle) -> Sequence[Attribution]:
        record = records.get(article.name)
        if record is None:
            raise PredictionsBroken(
                f"{path}: no line for article {article.name}; run `onrecord extract` over every text of the"
                " split"
            )
        return mapped_attributions(record, article.text)

    return find


def mapped_attributions(record: dict[str, Any], text: str) -> list[Attribution]:
    """The record's attributions with offsets of ``text``, the file the record was made from; what has no
    place there is dropped."""
    places = CharacterMap(record["text"], text)
    found = []
    for item in record["attributions"]:
        content = tuple(place for part in item["content"] if (place := places.place(_range(part))))
        if content:
            source, cue = (
                places.place(_range(item[role])) if item.get(role) else None for role in ("source", "cue")
            )
            sure, sure_of_source = (
                float(item.get(name, 1.0)) for name in ("confidence", "source_confidence")
            )
            found.append(
                Attribution(item["kind"], content, source, cue, sure, source_confidence=sure_of_source)
            )
    return found


def _range(part: dict[str, int]) -> Range:
    return Range(part["start"], part["end"])
