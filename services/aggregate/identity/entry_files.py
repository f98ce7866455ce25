"""Users' lists of entries: ``.jsonl``, ``.yaml`` and ``.csv``. All mistakes are found before anything is
used.

JSON Lines and YAML have entries as ``entries/*.jsonl`` has them. CSV has a heading with the same words;
several names, or terms, stand in one cell with ``|`` between them, the parts of a term with ``;``. Everywhere
``id`` may be left out: ``kind`` (person or organization) and the first name make it, with an ``@`` where the
name is common or shared.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from schemas.ids import actor_id, name_key
from services.aggregate.identity.entry import ENTRY, KINDS, Entry
from services.aggregate.identity.linking import is_common
from services.aggregate.identity.names import read
from services.chassis.errors import OnrecordError

SUFFIXES = (".jsonl", ".yaml", ".yml", ".csv")
COLUMNS: Final = ("id", "kind", "names", "wikidata", "alone", "famous", "shared", "offices")
_LISTS: Final = ("names", "alone", "shared", "offices")
_MOST_BYTES = 256 * 1024 * 1024
"""Far above any list for one newsroom; YAML needs many times its size in memory."""

Raw = tuple[int, Any]
"""A line number, and what begins there."""


class Mistakes(OnrecordError):
    """A list cannot be read; ``problems`` has a line each: where, what, and the cure."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_entries(path: Path) -> list[Entry]:
    """The entries of a file.

    Raises:
        Mistakes: the file cannot be read, or something in it is no entry.
    """
    try:
        if path.suffix.lower() not in SUFFIXES:
            raise Mistakes([f"{path}: the ending tells the format; name it .jsonl, .yaml or .csv"])
        if path.stat().st_size > _MOST_BYTES:
            raise Mistakes([f"{path}: larger than {_MOST_BYTES >> 20} MiB; split it"])
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Mistakes(
            [f"{path}: cannot be read ({error.strerror}); check the name and its rights"]
        ) from error
    except UnicodeDecodeError as error:
        raise Mistakes([f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8"]) from error
    problems: list[str] = []
    entries: list[Entry] = []
    for line, raw in _RAW[path.suffix.lower()](path, text):
        try:
            entries.append(ENTRY.validate_python(_with_id(raw)))
        except ValidationError as error:
            problems += [f"{path}:{line}: {_told(detail)}" for detail in error.errors(include_url=False)]
        except (TypeError, ValueError) as error:
            problems.append(f"{path}:{line}: {error}")
    if problems:
        raise Mistakes(problems)
    if not entries:
        raise Mistakes([f"{path}: holds no entry; to take a list out again use `onrecord actors forget`"])
    return entries


def _jsonl(path: Path, text: str) -> Iterator[Raw]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                raise Mistakes(
                    [f"{path}:{number}: no JSON ({error.msg}, column {error.colno}); write one entry a line"]
                ) from error
            except RecursionError as error:
                raise Mistakes([f"{path}:{number}: nested too deeply; write one entry a line"]) from error


def _yaml(path: Path, text: str) -> Iterator[Raw]:
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            raise Mistakes([f"{path}:{node.start_mark.line + 1}: no list; begin each entry with `- `"])
        for item in node.value:
            yield item.start_mark.line + 1, loader.construct_document(item)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Mistakes(
            [f"{path}:{line}: no YAML ({error.problem}); check the indent and the quotes"]
        ) from error
    except yaml.reader.ReaderError as error:
        raise Mistakes([f"{path}: no YAML ({error.reason}, U+{error.character:04X}); take it out"]) from error


def _csv(path: Path, text: str) -> Iterator[Raw]:
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    heading: list[str] | None = None
    try:
        for row in rows:
            if heading is None:
                heading = [cell.strip() for cell in row]
                unknown = [name for name in heading if name not in COLUMNS]
                if unknown or "names" not in heading:
                    wrong = f"no such column: {', '.join(unknown)}" if unknown else "no column names"
                    raise Mistakes([f"{path}:1: {wrong}; the columns are {', '.join(COLUMNS)}"])
            elif any(cell.strip() for cell in row):
                if len(row) != len(heading):
                    wrong = f"{len(row)} cells, the heading has {len(heading)}; quote cells with commas"
                    raise Mistakes([f"{path}:{rows.line_num}: {wrong}"])
                yield (
                    rows.line_num,
                    {
                        name: _cell(name, cell)
                        for name, cell in zip(heading, row, strict=True)
                        if cell.strip()
                    },
                )
    except csv.Error as error:
        raise Mistakes([f"{path}:{rows.line_num}: no CSV ({error}); check the quotes"]) from error


def _cell(column: str, cell: str) -> object:
    if column not in _LISTS:
        return cell.strip()
    parts = [part.strip() for part in cell.split("|") if part.strip()]
    if column != "offices":
        return parts
    return [[field.strip() or None for field in part.split(";")] for part in parts]


_RAW = {".jsonl": _jsonl, ".yaml": _yaml, ".yml": _yaml, ".csv": _csv}


def _with_id(raw: Any) -> dict[str, Any]:
    """The entry with its id, which kind and first name make where there is none."""
    if not isinstance(raw, dict):
        raise TypeError("no entry; write names and values: names, kind, wikidata, …")
    found = dict(raw)
    kind = found.pop("kind", None)
    if "id" in found:
        if kind is not None and not str(found["id"]).startswith(f"{kind}:"):
            raise ValueError(f"kind: {kind!r} is not that of its id {found['id']!r}; leave one of them out")
        return found
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r}; write person or organization, or give an id")
    names = found.get("names")
    if not isinstance(names, list) or not names or not isinstance(names[0], str):
        raise ValueError("names: none given; write a list, the usual name first")
    if not name_key(names[0]):
        raise ValueError(f"names: {names[0]!r} holds no letter or digit; give a name")
    key = actor_id(kind, names[0])
    name = read(key)
    shared = found.get("shared") or []
    common = name is not None and is_common(name) and not found.get("famous")
    ambiguous = common or (
        isinstance(shared, list) and name_key(names[0]) in {name_key(str(other)) for other in shared}
    )
    return found | {"id": f"{key}@{found.get('wikidata') or 'own'}" if ambiguous else key}


def _told(detail: Any) -> str:
    """One of pydantic's errors in a line."""
    where = ".".join(str(part) for part in detail["loc"]) or "entry"
    if detail["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{where}: no such field; there are {', '.join(COLUMNS)}"
    if detail["type"] in ("missing", "missing_argument"):
        return f"{where}: is missing; give it"
    if where == "wikidata":
        return "wikidata: no item; write Q and digits, for example Q76"
    return f"{where}: {str(detail['msg']).removeprefix('Value error, ')}"
