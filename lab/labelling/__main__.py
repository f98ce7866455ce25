"""``python -m lab.labelling agree A B`` · ``store FOLDER --part work|locked``, both with ``--texts FOLDER``.

*agree* prints how far two readers agree; *store* writes what was adjudicated into lab/labels/speech as
offsets, digests and names.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.labelling.agreement import agreement
from lab.labelling.reading import LabelsBroken, ReadAttribution, ReadPage, read_folder
from lab.quality.news_speech_labels import (
    COMMITTED,
    LOCKED,
    WORK,
    LabelledActor,
    LabelledClaim,
    PageLabels,
    SpeechLabel,
    anchor,
    make_label,
    make_page,
    write_page,
)

MOST_WORDS = 7
"""Of an actor's name or description; longer ones are cut, longer aliases left out."""


def stored(page: ReadPage, part: str) -> PageLabels:
    """A page as it is committed."""
    return make_page(
        f"{page.name}.html.gz", part, page.text, [_label(page.text, a) for a in page.attributions]
    )


def _label(text: str, read: ReadAttribution) -> SpeechLabel:
    claims = [LabelledClaim(anchor(text, c.place), c.worth, c.type, c.negated) for c in read.claims]
    source, cue = ([] if span is None else [span] for span in (read.source, read.cue))
    return make_label(
        text,
        source,
        cue,
        read.content,
        doubtful=read.doubtful,
        actor=_actor(read.actor),
        denied=read.denied,
        claims=claims,
    )


def _actor(read: dict[str, Any] | None) -> LabelledActor | None:
    """The actor, described in a few words at the most: names may be stored, a page's sentences may not."""
    if read is None or not read["name"]:
        return None
    name = " ".join(read["name"].split()[:MOST_WORDS])
    aliases, also = (
        tuple(one for one in read.get(key, ()) if len(one.split()) <= MOST_WORDS)
        for key in ("aliases", "also")
    )
    return LabelledActor(name, read["kind"], aliases, also)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0, or 2 with the faults on standard error."""
    parser = argparse.ArgumentParser(prog="python -m lab.labelling", description=__doc__)
    parser.add_argument(
        "--texts", type=Path, required=True, help="folder with the texts that were labelled, NAME.txt"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    agree = commands.add_parser("agree", help="compare two readers")
    agree.add_argument("left", type=Path)
    agree.add_argument("right", type=Path)
    store = commands.add_parser("store", help="write labels into the project")
    store.add_argument("folder", type=Path)
    store.add_argument("--part", choices=[WORK, LOCKED], required=True)
    store.add_argument("--out", type=Path, default=COMMITTED)
    options = parser.parse_args(arguments)
    try:
        if options.command == "agree":
            left, right = (read_folder(folder, options.texts) for folder in (options.left, options.right))
            print("\n".join(agreement(left, right).lines()))
        else:
            for page in read_folder(options.folder, options.texts):
                write_page(options.out, stored(page, options.part))
    except (LabelsBroken, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
