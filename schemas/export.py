"""JSON Schemas of the events: ``python -m schemas.export [--check | --release VERSION]``.

Two schemas per event, made from the pydantic models in *validation* mode: they say what may travel, so a
field with a default may be left out by producers in other languages (serialization mode would demand it of
them, and every later field with it).

- ``<name>.json`` is the **consumer** schema: open at every level, and an extensible enumeration is any text.
  Readers may rely on it for as long as the version lives; ``ce_dataschema`` names it.
- ``<name>.producer.json`` is the **producer** schema: closed at every level. What passes it passes the
  consumer schema of every release.

The keywords used mean the same in draft-07 and 2020-12, so AsyncAPI and Schema Registry readers can use them;
only ``$defs`` is ``definitions`` there. ``schemas/released/<version>/`` keeps what each release promised;
:mod:`schemas.compatibility` compares with it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from schemas.events import EVENTS, Event
from schemas.events.base import EXTENSIBLE

Schema = dict[str, Any]
Role = Literal["consumer", "producer"]

FOLDER = Path(__file__).parent
JSON_FOLDER = FOLDER / "json"
RELEASED_FOLDER = FOLDER / "released"
FIXTURES_FOLDER = FOLDER / "fixtures"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS = "#/$defs/"


def event_schema(event: type[Event], role: Role) -> Schema:
    """The JSON Schema of an event for readers or for writers."""
    raw = event.model_json_schema(mode="validation")
    defs: Schema = raw.pop("$defs", {})
    convert = _Converter(role, defs)
    body = convert.schema(raw)
    used = {name: convert.schema(definition) for name, definition in defs.items()}
    schema: Schema = {
        "$schema": DIALECT,
        "$id": event.schema_uri() + ("" if role == "consumer" else ":producer"),
        "title": f"{event.__name__} ({event.schema_name}, {role})",
        "description": _prose(event.__doc__ or ""),
        "type": "object",
        **{
            keyword: value
            for keyword, value in body.items()
            if keyword not in ("title", "description", "type")
        },
        "examples": [example(event)],
        "$defs": used,
    }
    _drop_unused(schema)
    return schema


def example(event: type[Event]) -> Schema:
    """The event's full golden fixture: an example that is tested."""
    path = FIXTURES_FOLDER / "v1" / f"{event.schema_name.removesuffix('.v1')}.full.json"
    fixture: Schema = json.loads(path.read_text(encoding="utf-8"))
    value: Schema = fixture["value"]
    return value


def inlined(schema: Schema) -> Schema:
    """The schema with every reference replaced by what it names, for readers that resolve references against
    a whole document."""
    defs = schema.get("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inline(defs[node["$ref"].removeprefix(_DEFS)])
        if "allOf" in node:
            merged: Schema = {}
            for part in node["allOf"]:
                merged |= inline(part)
            return merged | {key: inline(value) for key, value in node.items() if key != "allOf"}
        return {key: inline(value) for key, value in node.items()}

    result: Schema = inline({key: value for key, value in schema.items() if key not in ("$defs", "examples")})
    return result | {"examples": schema["examples"]} if "examples" in schema else result


def files() -> dict[str, str]:
    """Every exported schema: file name → content."""
    out = {}
    for event in EVENTS:
        out[f"{event.schema_name}.json"] = _dump(event_schema(event, "consumer"))
        out[f"{event.schema_name}.producer.json"] = _dump(event_schema(event, "producer"))
    return out


class _Converter:
    """From pydantic's JSON Schema to ours, for one role."""

    def __init__(self, role: Role, defs: Mapping[str, Schema]) -> None:
        self._role = role
        self._defs = defs

    def schema(self, node: Mapping[str, Any]) -> Schema:
        """A schema in our form."""
        if node.get(EXTENSIBLE) and self._role == "consumer":
            return self._any_text(node)
        out: Schema = {keyword: self._value(keyword, value) for keyword, value in node.items()}
        if "properties" in out:
            out["additionalProperties"] = self._role == "consumer"
            out["properties"] = {name: _without_title(field) for name, field in out["properties"].items()}
        if "$ref" in out and len(out) > 1:  # draft-07 ignores what stands beside a reference
            out = {"allOf": [{"$ref": out.pop("$ref")}], **out}
        return out

    def _value(self, keyword: str, value: Any) -> Any:
        if keyword == "description":
            return _prose(value)
        if keyword in ("properties", "$defs"):
            return {name: self.schema(item) for name, item in value.items()}
        if keyword in ("anyOf", "allOf", "oneOf"):
            return [self.schema(item) for item in value]
        if keyword == "items":
            return self.schema(value)
        return value

    def _any_text(self, node: Mapping[str, Any]) -> Schema:
        """What a reader may rely on in an extensible enumeration: that it is text; known values are
        examples."""
        known = self._defs[node["$ref"].removeprefix(_DEFS)]
        description = node.get(
            "description", known.get("description", "")
        )  # pydantic leaves out what the definition says in the same words
        return {
            "type": "string",
            "description": _prose(description),
            "examples": known["enum"],
            EXTENSIBLE: True,
        }


def _without_title(field: Schema) -> Schema:
    """A property's title only repeats its name."""
    return {keyword: value for keyword, value in field.items() if keyword != "title"}


def _prose(docstring: str) -> str:
    """A docstring's first paragraphs as Markdown, without reStructuredText roles."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", docstring).replace("``", "`")
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _drop_unused(schema: Schema) -> None:
    """Remove definitions that nothing refers to any more."""
    while True:
        text = json.dumps(schema)
        unused = [name for name in schema["$defs"] if f'"{_DEFS}{name}"' not in text]
        if not unused:
            return
        for name in unused:
            del schema["$defs"][name]


def _dump(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def differences(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """One line per file of ``folder`` that is missing, differs, or is not expected."""
    present = (
        {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}
        if folder.is_dir()
        else {}
    )
    problems = [f"{folder.name}/{name}: is missing or empty" for name in expected if not present.get(name)]
    problems += [
        f"{folder.name}/{name}: no event has this schema" for name in present if name not in expected
    ]
    problems += [
        f"{folder.name}/{name}: differs from the models"
        for name in expected
        if present.get(name, "") not in ("", expected[name])
    ]
    return problems


def write(folder: Path, expected: Mapping[str, str]) -> None:
    """Make the folder hold exactly these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if path.name not in expected:
            path.unlink()
    for name, content in expected.items():
        (folder / name).write_text(content, encoding="utf-8")


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Export the schemas, or check them; exit code 1 when they are out of step."""
    parser = argparse.ArgumentParser(
        prog="python -m schemas.export", description="Export the events' JSON Schemas."
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check",
        action="store_true",
        help="change nothing; fail when schemas/json is out of step with the models",
    )
    mode.add_argument(
        "--release",
        metavar="VERSION",
        help="keep today's schemas as what release VERSION promised; never overwrites",
    )
    options = parser.parse_args(arguments)
    expected = files()
    if options.check:
        problems = differences(JSON_FOLDER, expected)
        for problem in problems:
            say(problem)
        if problems:
            say("run `make schemas`, then look at the difference: it is a change of contract")
        return 1 if problems else 0
    write(JSON_FOLDER, expected)
    if options.release:
        folder = RELEASED_FOLDER / options.release
        if folder.exists():
            say(f"release {options.release} is frozen already; choose a new version")
            return 1
        write(folder, expected)
    return 0


if __name__ == "__main__":
    sys.exit(main())
