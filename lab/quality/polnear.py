"""Reading PolNeAR (networkdynamics/PolNeAR) in its public layout: texts, and attributions in brat standoff
format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.extract.types import Range

_ENTITY = re.compile(r"T\d+\t")
_EVENT = re.compile(r"E\d+\t")
_NOTES = frozenset({"Discuss", "Discard"})  # what annotators left for each other; not part of the annotation


class CorpusMissing(Exception):
    """No corpus where one was looked for; the message says what to pass."""


@dataclass(frozen=True, slots=True)
class GoldAttribution:
    """One annotated attribution. Each role's ranges are sorted and disjoint; any role but ``content`` may be
    empty."""

    source: tuple[Range, ...]
    cue: tuple[Range, ...]
    content: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """An article and what its first annotator marked. Offsets are code points of ``text``."""

    name: str
    text: str
    attributions: tuple[GoldAttribution, ...]
    annotators: int
    annotation: Path


def merge_ranges(ranges: list[Range]) -> tuple[Range, ...]:
    """Sorted, and overlapping or touching ranges joined; empty ones dropped."""
    merged: list[Range] = []
    for start, end in sorted(item for item in ranges if item.end > item.start):
        if merged and start <= merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Range(start, end))
    return tuple(merged)


def _ranges(field: str, length: int) -> list[Range]:
    """Ranges of a brat offsets field such as ``0 12;20 25``, cut to the text."""
    ranges = []
    for part in field.split(";"):
        start, end = part.split()
        ranges.append(Range(min(int(start), length), min(int(end), length)))
    return ranges


def parse_annotation(lines: Iterator[str], text: str) -> tuple[GoldAttribution, ...]:
    """The attributions of one ``.ann`` file, in file order; those without content are left out.

    Lines that are neither entities nor events are skipped: the text column of an entity can itself hold a
    newline. Role names may be numbered (``Content2``) when an attribution has several; they are put together.
    """
    entities: dict[str, list[Range]] = {}
    events: list[list[tuple[str, str]]] = []
    for line in lines:
        if _ENTITY.match(line):
            identity, place = line.rstrip("\n").split("\t")[:2]
            kind, offsets = place.split(" ", 1)
            if kind not in _NOTES:
                entities[identity] = _ranges(offsets, len(text))
        elif _EVENT.match(line):
            pairs = [pair.split(":", 1) for pair in line.rstrip("\n").split("\t")[1].split()]
            events.append([(role.rstrip("0123456789"), identity) for role, identity in pairs])
    attributions = []
    for event in events:
        roles: dict[str, list[Range]] = {"Source": [], "Cue": [], "Content": []}
        for role, identity in event:
            if role in roles:
                roles[role].extend(entities.get(identity, ()))
        content = merge_ranges(roles["Content"])
        if content:
            attributions.append(
                GoldAttribution(merge_ranges(roles["Source"]), merge_ranges(roles["Cue"]), content)
            )
    return tuple(attributions)


def split_folder(corpus: Path, split: str) -> Path:
    """The folder of one split: ``corpus`` may be the repository's root, its ``data`` folder, or hold the
    splits itself.

    Raises:
        CorpusMissing: there is none.
    """
    for candidate in (corpus / "data" / split, corpus / split, corpus / "polnear" / "data" / split):
        if (candidate / "text").is_dir() and (candidate / "attributions").is_dir():
            return candidate
    raise CorpusMissing(
        f"no PolNeAR split {split!r} under {corpus}: expected {corpus}/data/{split}/text and …/attributions"
    )


def read_polnear(corpus: Path, split: str) -> Iterator[GoldArticle]:
    """The articles of a split in the order of their names, each with its **first** annotation in sorted
    order.

    Raises:
        CorpusMissing: the split is not there.
    """
    folder = split_folder(corpus, split)
    annotations: dict[str, list[Path]] = {}
    for path in sorted((folder / "attributions").iterdir()):
        if path.suffix == ".ann":  # <article>_<annotator>.ann
            annotations.setdefault(path.stem.rpartition("_")[0], []).append(path)
    for path in sorted((folder / "text").iterdir()):
        name = path.name.removesuffix(".txt")
        found = annotations.get(name)
        if not found:
            continue
        text = read_raw(path)
        with found[0].open(encoding="utf-8", newline="\n") as lines:
            yield GoldArticle(name, text, parse_annotation(lines, text), len(found), found[0])


def read_raw(path: Path) -> str:
    """A text file with its line ends as they are: offsets count them."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()
