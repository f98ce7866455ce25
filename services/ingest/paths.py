"""Files, directories, globs and standard input, as a person names them."""

from __future__ import annotations

import glob
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from services.ingest.readers import SUFFIXES, Arrival, Item, Limits, Refusal, format_of, read
from services.ingest.readers.warc import Resume, never
from services.ingest.standard_input import standard_input

STANDARD_INPUT = "-"
_KINDS = ", ".join(SUFFIXES)


@dataclass(frozen=True, slots=True)
class Input:
    """One input to read: a file by the name the person gave it, or standard input."""

    name: str

    @property
    def source(self) -> str:
        """The label of its articles in metrics."""
        return "stdin" if self.name == STANDARD_INPUT else "file"

    def arrival(self) -> Arrival:
        """Its arrival, now."""
        if self.name == STANDARD_INPUT:
            return Arrival("standard input", "stdin", self.source, datetime.now(UTC))
        # a name on disk may hold bytes that are not UTF-8; events must
        shown = self.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return Arrival(shown, f"file:{_near(shown)}", self.source, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Found:
    """What the arguments name: inputs in order, each once; mistakes; and how many files of other kinds
    directories held."""

    inputs: tuple[Input, ...]
    refusals: tuple[Refusal, ...]
    skipped: int


def find(arguments: Sequence[str]) -> Found:
    """Expand arguments. ``-`` is standard input, a directory is read with all below it, ``*``, ``?``, ``[…]``
    and ``**`` are expanded.

    Hidden files and files of other kinds inside directories are passed over; a file named outright must be of
    a kind that is read.
    """
    names: dict[str, None] = {}
    refusals: list[Refusal] = []
    skipped = 0
    for argument in arguments:
        if argument == STANDARD_INPUT or os.path.isfile(argument):
            matches = [argument]
        elif glob.has_magic(argument) and not os.path.exists(argument):
            matches = sorted(glob.glob(argument, recursive=True))
            if not matches:
                refusals.append(_refused(argument, "missing", "no file matches; check the pattern"))
        else:
            matches = [argument]
        for match in matches:
            if os.path.isdir(match):
                inside, others = _inside(match)
                names.update(dict.fromkeys(inside))
                skipped += others
                if not inside:
                    refusals.append(
                        _refused(
                            match, "empty", f"holds no article; files must be {_KINDS}, optionally with .gz"
                        )
                    )
                continue
            problem = _problem(match)
            if problem:
                refusals.append(problem)
            else:
                names[match] = None
    return Found(tuple(Input(name) for name in names), tuple(refusals), skipped)


def split_list(text: str) -> list[str]:
    """The paths in one text, as ``make run PATHS="…"`` has them: a space separates two, or stands inside one
    that exists.

    From left to right the longest stretch that names something, as it is or as a pattern, is one path;
    quotation marks around it may say so too. Words that name nothing stay together, so that the mistake is
    named as it was typed.
    """
    words = list(re.finditer(r"\S+", text))
    found: list[str] = []
    strays: list[re.Match[str]] = []

    def end_strays() -> None:
        if strays:
            found.append(text[strays[0].start() : strays[-1].end()])
            strays.clear()

    at = 0
    while at < len(words):
        start = words[at].start()
        for last in range(len(words), at, -1):
            stretch = _unquoted(text[start : words[last - 1].end()])
            if _names_something(stretch):
                end_strays()
                found.append(stretch)
                at = last
                break
        else:
            strays.append(words[at])
            at += 1
    end_strays()
    return found


def _unquoted(stretch: str) -> str:
    quoted = len(stretch) > 2 and stretch[0] == stretch[-1] and stretch[0] in "\"'"
    return stretch[1:-1] if quoted and not os.path.exists(stretch) else stretch


def _names_something(path: str) -> bool:
    return (
        path == STANDARD_INPUT
        or os.path.exists(path)
        or (glob.has_magic(path) and bool(glob.glob(path, recursive=True)))
    )


def read_input(given: Input, limits: Limits, stop: threading.Event, resume: Resume = never) -> Iterator[Item]:
    """The items of one input; ``resume`` says how far an archive has been read before. Never raises for what
    it reads.

    Raises:
        StageStopped: a stop was asked for while standard input had nothing to read; what it gave by then may
            be half an item.
    """
    arrival = given.arrival()
    try:
        with _opened(given, stop) as stream:
            yield from read(arrival, stream, limits, format_of(given.name), resume)
    except OSError as error:
        yield Refusal(
            arrival,
            "unreadable",
            f"cannot be read ({error.strerror or error}); check the file and its permissions",
            b"",
            stage="open",
        )


@contextmanager
def _opened(given: Input, stop: threading.Event) -> Iterator[BinaryIO]:
    if given.name == STANDARD_INPUT:
        yield standard_input(stop)
        return
    with Path(given.name).open("rb") as stream:
        yield stream


def _inside(directory: str) -> tuple[list[str], int]:
    found: list[str] = []
    others = 0
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.startswith(".") or not os.path.isfile(path):
                continue
            if format_of(name):
                found.append(path)
            else:
                others += 1
    return found, others


def _problem(name: str) -> Refusal | None:
    if name == STANDARD_INPUT:
        return None
    if not os.path.exists(name):
        return _refused(name, "missing", "does not exist; check the path")
    if not format_of(name):
        return _refused(
            name, "unsupported", f"is not a kind of file that is read; use {_KINDS}, optionally with .gz"
        )
    return None


def _refused(name: str, reason: str, message: str) -> Refusal:
    return Refusal(Input(name).arrival(), reason, message, b"", stage="open")


def _near(name: str) -> str:
    """The name as given; an absolute one below the working directory from there on: events need not tell
    where a machine keeps it."""
    here = os.getcwd()
    return os.path.relpath(name, here) if os.path.isabs(name) and name.startswith(here + os.sep) else name
