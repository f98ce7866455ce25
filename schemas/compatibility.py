"""Whether a changed event still keeps the promise of its version: FULL_TRANSITIVE, optional-friendly.

Registries' FULL level allows neither adding nor removing an optional field, since it compares one schema with
itself over time. Here the **closed producer** schema of one release is compared with the **open consumer**
schema of another, both ways:

- *backward*: what old producers wrote, new consumers must accept;
- *forward*: what new producers write, old consumers must accept.

So an optional field may be added, and an extensible enumeration may grow; everything else needs a new version
of the event. Beyond acceptance, nothing may disappear or get another default: a reader that relied on it
would be misled in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_MINIMA = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_MAXIMA = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_EXACT = ("pattern", "format", "uniqueItems", "multipleOf")
_COMPARED = frozenset({
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf", "allOf", "$ref", "$defs",
    *_MINIMA, *_MAXIMA, *_EXACT,
})  # fmt: skip
_ANNOTATIONS = frozenset({"$schema", "$id", "title", "description", "default", "examples", "x-extensible"})
_ABSENT = "(none)"
_ANYTHING = "(anything)"


@dataclass(frozen=True, slots=True)
class Version:
    """What one release promised for one event."""

    consumer: Schema
    producer: Schema


def breaks(old: Version, new: Version) -> list[str]:
    """Why ``new`` may not carry the same version as ``old``: one line per break, with its path; empty when it
    may."""
    backward = [f"new readers refuse old data: {problem}" for problem in refusals(new.consumer, old.producer)]
    forward = [f"old readers refuse new data: {problem}" for problem in refusals(old.consumer, new.producer)]
    silent = _silent(_Node(old.producer, old.producer), _Node(new.producer, new.producer), "$")
    return backward + forward + list(silent)


def refusals(reader: Schema, writer: Schema) -> list[str]:
    """Where ``reader`` might refuse what keeps to ``writer``. Errs on the side of refusal.

    Raises:
        ValueError: a schema uses a keyword this comparison does not know.
    """
    return list(_refused(_Node(reader, reader), _Node(writer, writer), "$"))


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema inside its document, with references and single ``allOf`` resolved."""

    raw: Schema
    root: Schema

    @property
    def schema(self) -> Schema:
        schema = self.raw
        unknown = set(schema) - _COMPARED - _ANNOTATIONS
        if unknown:
            raise ValueError(
                f"the compatibility check does not know the keyword {', '.join(sorted(unknown))}"
            )
        for part in schema.get("allOf", ()):
            schema = {
                **self._at(part).schema,
                **{key: value for key, value in schema.items() if key != "allOf"},
            }
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._at(self.root["$defs"][name]).schema, **rest}
        if "const" in schema:
            schema = {"enum": [schema["const"]], **schema}
        return schema

    def _at(self, raw: Schema) -> _Node:
        return _Node(raw, self.root)

    def member(self, name: str) -> _Node | None:
        raw = self.schema.get("properties", {}).get(name)
        return None if raw is None else self._at(raw)

    @property
    def items(self) -> _Node:
        return self._at(self.schema.get("items", {}))

    @property
    def branches(self) -> list[_Node]:
        """The alternatives; a schema without ``anyOf`` is its own only one."""
        options = self.schema.get("anyOf")
        return [self._at(option) for option in options] if options else [self]


def _refused(reader: _Node, writer: _Node, path: str) -> Iterator[str]:
    """Each alternative of the writer must be accepted by one of the reader's."""
    options = reader.branches
    for branch in writer.branches:
        attempts = [list(_refused_one(option, branch, path)) for option in options]
        if all(attempts):
            yield from min(attempts, key=len)


def _refused_one(reader: _Node, writer: _Node, path: str) -> Iterator[str]:
    accepts, writes = reader.schema, writer.schema
    yield from _refused_value(accepts, writes, path)
    for name in accepts.get("required", ()):
        if name not in writes.get("required", ()):
            yield f"{path}.{name}: is required, and need not be written"
    for name in writes.get("properties", {}):
        inner, outer = reader.member(name), writer.member(name)
        if inner is not None and outer is not None:
            yield from _refused(inner, outer, f"{path}.{name}")
        elif inner is None and accepts.get("additionalProperties") is False:
            yield f"{path}.{name}: is not known to a closed reader"
    if (
        accepts.get("properties")
        and writes.get("type") == "object"
        and writes.get("additionalProperties") is not False
    ):
        yield f"{path}: the writer's schema is open, so nothing is known about fields it does not name"
    if "items" in accepts:
        yield from _refused(reader.items, writer.items, f"{path}[]")


def _refused_value(accepts: Schema, writes: Schema, path: str) -> Iterator[str]:
    """Type, enumeration, bounds and forms."""
    types = accepts.get("type")
    if types is not None and writes.get("type") not in (types, "integer" if types == "number" else types):
        yield f"{path}: {types} is read, {writes.get('type', 'anything')} is written"
    if "enum" in accepts:
        extra = [value for value in writes.get("enum", [_ANYTHING]) if value not in accepts["enum"]]
        if extra:
            yield f"{path}: the values {extra} are not known"
    for keyword in _MINIMA:
        if keyword in accepts and writes.get(keyword, float("-inf")) < accepts[keyword]:
            yield f"{path}: {keyword} {accepts[keyword]} is read, {writes.get(keyword, 'none')} is written"
    for keyword in _MAXIMA:
        if keyword in accepts and writes.get(keyword, float("inf")) > accepts[keyword]:
            yield f"{path}: {keyword} {accepts[keyword]} is read, {writes.get(keyword, 'none')} is written"
    for keyword in _EXACT:
        if keyword in accepts and writes.get(keyword) != accepts[keyword]:
            yield (
                f"{path}: {keyword} {accepts[keyword]!r} is read, {writes.get(keyword, 'anything')!r} is"
                " written"
            )


def _silent(old: _Node, new: _Node, path: str) -> Iterator[str]:
    """What acceptance does not show: fields and enumerated values that are gone, and defaults that
    changed."""
    for before in old.branches:
        after = next(
            (branch for branch in new.branches if branch.schema.get("type") == before.schema.get("type")),
            None,
        )
        if after is None:
            yield f"removed: {path}: {before.schema.get('type', 'anything')}"
            continue
        for value in before.schema.get("enum", ()):
            if value not in after.schema.get("enum", [value]):
                yield f"removed: {path}: the value {value!r}"
        for name in before.schema.get("properties", {}):
            inner, outer = before.member(name), after.member(name)
            if inner is not None and outer is not None:
                yield from _silent(inner, outer, f"{path}.{name}")
            elif inner is not None:
                yield f"removed: {path}.{name}"
        if "items" in before.schema:
            yield from _silent(before.items, after.items, f"{path}[]")
    if "default" in old.raw and old.raw["default"] != new.raw.get("default", _ABSENT):
        yield f"default changed: {path}: from {old.raw['default']!r} to {new.raw.get('default', _ABSENT)!r}"
