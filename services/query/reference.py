"""The API's documentation for people: what its OpenAPI document says, laid out to be read without scripts and
served from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Document = Mapping[str, Any]

_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is, in words; ``of`` names the thing it is made of, where that is described too."""

    words: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter, or a field of a thing."""

    name: str
    type: Type
    meaning: str
    required: bool
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A question that can be asked."""

    anchor: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
    parameters: list[Part]
    takes: Type | None
    """What is sent along."""
    answers: list[tuple[str, str, Type | None]]
    """Status, what it means, and what is answered."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What answers are made of."""

    name: str
    meaning: str
    fields: list[Part]
    words: str
    """What it is, where it has no fields: the values there are."""


def operations(document: Document) -> list[Operation]:
    """All of them, in the order of the document."""
    return [
        _operation(method, path, given)
        for path, methods in document["paths"].items()
        for method, given in methods.items()
    ]  # fmt: skip


def things(document: Document) -> list[Thing]:
    """All of them, by name."""
    schemas = document["components"]["schemas"]
    return [
        Thing(name, given.get("description", ""), list(_fields(given)), _type(given).words)
        for name, given in sorted(schemas.items())
    ]


def _operation(method: str, path: str, given: Document) -> Operation:
    parameters = [
        _part(p["name"], p["schema"], p, required=p.get("required", False))
        for p in given.get("parameters", ())
    ]
    return Operation(
        anchor=given["operationId"],
        method=method.upper(),
        path=path,
        summary=given.get("summary", ""),
        paragraphs=[paragraph for paragraph in given.get("description", "").split("\n\n") if paragraph],
        parameters=parameters,
        takes=_content(given["requestBody"]) if "requestBody" in given else None,
        answers=[
            (status, _says(status, answer), _content(answer)) for status, answer in given["responses"].items()
        ],
    )


def _says(status: str, answer: Document) -> str:
    words: str = answer.get("description", "")
    return HTTPStatus(int(status)).phrase if words in ("", "Successful Response") else words


def _content(given: Document) -> Type | None:
    for media, content in given.get("content", {}).items():
        found = _type(content["schema"]) if content.get("schema") else None
        return found if found and found.words else Type(media)
    return None


def _fields(schema: Document) -> Iterator[Part]:
    for name, given in schema.get("properties", {}).items():
        yield _part(name, given, given, required=name in schema.get("required", ()))


def _part(name: str, schema: Document, given: Document, *, required: bool) -> Part:
    examples = schema.get("examples") or given.get("examples") or [given.get("example")]
    example = examples[0] if isinstance(examples, list) else None
    default = schema.get("default")
    shown = "" if example is None else str(example)
    meaning = given.get("description") or schema.get("description", "")
    told = f"{meaning} Default: `{default}`." if default not in (None, "", [], {}) else meaning
    return Part(name, _type(schema), told, required, shown)


def _type(schema: Document) -> Type:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REFERENCE)
        return Type(name, name)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            found = [_type(one) for one in schema[several] if one.get("type") != "null"]
            return found[0] if len(found) == 1 else Type(" or ".join(one.words for one in found))
    if schema.get("type") == "array":
        item = _type(schema.get("items", {}))
        return Type(f"list of {item.words or 'values'}", item.of)
    if "const" in schema:
        return Type(f"“{schema['const']}”")
    if "enum" in schema:
        return Type(" or ".join(f"“{value}”" for value in schema["enum"]))
    return Type(_FORMATS.get(schema.get("format", "")) or str(schema.get("type", "")))


_FORMATS = {"date": "day", "date-time": "moment"}
