"""PolNeAR to what the network learns from: word pieces with role tags, links and silver entity tags."""

from __future__ import annotations

import gzip
import random
import xml.etree.ElementTree as ElementTree  # the corpus's own files, read from the user's disk
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from lab.quality.polnear import GoldArticle, read_polnear, split_folder
from lab.training.augment import Disguise
from services.extract.tagger.encoding import CLS_ID, SEP_ID, SPECIAL_CASE, IntArray, Pieces, encode
from services.extract.tagger.spec import CONTENT, CUE, ENTITY_TAGS, SOURCE
from services.extract.types import Range

IGNORED = -100  # torch's mark of a position without a label
NO_SOURCE = -2
_SHORTEST = 16  # pieces; a shorter rest of an article teaches nothing


@dataclass(frozen=True, slots=True)
class Example:
    """One article, an entry per piece in each array. ``links``: the first piece of the attribution's cue
    (without a cue: of its content), or -1. ``sources``: on cues and contents the first piece of the
    attribution's source, ``NO_SOURCE`` without one, elsewhere -1. ``ends``: inside contents 1 on the last
    word's pieces, else 0; ``IGNORED`` outside. ``entities`` is all ``IGNORED`` where the corpus has no
    CoreNLP layer."""

    pieces: Pieces
    roles: IntArray
    links: IntArray
    sources: IntArray
    ends: IntArray
    entities: IntArray


def label_article(
    article: GoldArticle, pieces: Pieces, entities: Sequence[tuple[Range, str]] | None
) -> Example:
    """Put an article's annotation on its pieces."""
    count = len(pieces)
    roles, links, sources = (
        np.zeros(count, np.int64),
        np.full(count, -1, np.int64),
        np.full(count, -1, np.int64),
    )
    ends = np.full(count, IGNORED, np.int64)

    def cover(span: Range) -> slice:
        first = int(np.searchsorted(pieces.ends, span.start, "right"))
        return slice(first, max(first, int(np.searchsorted(pieces.starts, span.end, "left"))))

    for item in article.attributions:
        covered = [
            (label, cover(span))
            for label, spans in enumerate((item.source, item.cue, item.content))
            for span in spans
        ]
        covered = [(label, part) for label, part in covered if part.stop > part.start]
        anchors = [part.start for label, part in covered if label == CUE] or [
            part.start for label, part in covered if label == CONTENT
        ]
        said_by = [part.start for label, part in covered if label == SOURCE]
        for label, part in covered:
            roles[part] = 2 * label + 2
            roles[part.start] = 2 * label + 1
            if anchors:
                links[part] = anchors[0]
            if label != SOURCE:
                sources[part] = said_by[0] if said_by else NO_SOURCE
            if label == CONTENT:
                ends[part] = pieces.words[part] == pieces.words[part.stop - 1]
    tags = np.full(count, IGNORED, np.int64)
    if entities is not None:
        tags[:] = 0
        for span, kind in entities:
            part = cover(span)
            if part.stop > part.start:
                tags[part] = ENTITY_TAGS.index(f"I-{kind}")
                tags[part.start] = ENTITY_TAGS.index(f"B-{kind}")
    return Example(pieces, roles, links, sources, ends, tags)


def read_entities(folder: Path, name: str) -> list[tuple[Range, str]] | None:
    """The entities CoreNLP saw in an article (plain or gzipped XML), neighbours of one kind joined; None
    without that layer."""
    path = folder / "corenlp" / f"{name}.txt.xml"
    if path.exists():
        data = path.read_bytes()
    elif path.with_name(path.name + ".gz").exists():
        data = gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    else:
        return None
    found: list[tuple[Range, str]] = []
    for sentence in ElementTree.fromstring(data).iter("sentence"):  # noqa: S314 - see the import
        before = None
        for token in sentence.iter("token"):
            kind = token.findtext("NER")
            if f"B-{kind}" not in ENTITY_TAGS:
                before = None
                continue
            start, end = (
                int(token.findtext("CharacterOffsetBegin", "0")),
                int(token.findtext("CharacterOffsetEnd", "0")),
            )
            if kind == before:
                found[-1] = (Range(found[-1][0].start, end), kind)
            else:
                found.append((Range(start, end), kind))
            before = kind
    return found


def read_examples(corpus: Path, split: str, tokenizer: Tokenizer) -> Iterator[Example]:
    """The labelled articles of a split.

    Raises:
        CorpusMissing: the split is not there.
    """
    folder = split_folder(corpus, split)
    for article in read_polnear(corpus, split):
        yield label_article(article, encode(tokenizer, article.text), read_entities(folder, article.name))


def epoch_windows(
    examples: Sequence[Example], size: int, seed: int, epoch: int
) -> list[tuple[int, int, int]]:
    """Shuffled (example, start, end) of one epoch: articles are cut from another random place each time, so
    that the network learns to read a text that starts anywhere. The same seed and epoch give the same
    windows, also after a restart."""
    generator = random.Random(f"{seed}/{epoch}")
    windows = []
    for number, example in enumerate(examples):
        count = len(example.pieces)
        offset = -generator.randrange(size) if count > size else 0
        for place in range(offset, count, size):
            start, end = max(0, place), min(count, place + size)
            if end - start > _SHORTEST:
                windows.append((number, start, end))
    generator.shuffle(windows)
    return windows


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows padded to one length, each tensor [batch, pieces]; ``mask`` is 0 on padding."""

    ids: Tensor
    case: Tensor
    mask: Tensor
    roles: Tensor
    entities: Tensor
    links: Tensor
    sources: Tensor
    ends: Tensor


def make_batch(
    examples: Sequence[Example],
    windows: Sequence[tuple[int, int, int]],
    device: torch.device,
    disguise: Disguise | None = None,
) -> Batch:
    """Frame, pad and stack windows, their pieces changed by ``disguise``. Links that leave a window have no
    label in it."""
    rows: dict[str, list[list[int]]] = {field.name: [] for field in fields(Batch)}
    longest = max(end - start for _, start, end in windows) + 2
    for number, start, end in windows:
        example = examples[number]
        links = example.links[start:end]
        links = np.where((links >= start) & (links < end), links - start + 1, IGNORED)
        sources = example.sources[start:end]
        inside = np.where((sources >= start) & (sources < end), sources - start + 1, IGNORED)
        sources = np.where(sources == NO_SOURCE, 0, inside)  # the framing mark stands for none
        ids, case = example.pieces.ids[start:end], example.pieces.case[start:end]
        if disguise:
            ids, case = disguise(ids, case)
        padding = longest - (end - start) - 2
        framed = (
            ("ids", CLS_ID, ids, SEP_ID, 0),
            ("case", SPECIAL_CASE, case, SPECIAL_CASE, SPECIAL_CASE),
            ("mask", 1, np.ones(end - start, np.int64), 1, 0),
            ("roles", IGNORED, example.roles[start:end], IGNORED, IGNORED),
            ("entities", IGNORED, example.entities[start:end], IGNORED, IGNORED),
            ("links", IGNORED, links, IGNORED, IGNORED),
            ("sources", IGNORED, sources, IGNORED, IGNORED),
            ("ends", IGNORED, example.ends[start:end], IGNORED, IGNORED),
        )
        for name, first, middle, last, pad in framed:
            rows[name].append([first, *middle.tolist(), last, *([pad] * padding)])
    return Batch(
        **{name: torch.tensor(values, dtype=torch.long, device=device) for name, values in rows.items()}
    )
