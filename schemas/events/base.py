"""The base of every event and value in the stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

EXTENSIBLE = "x-extensible"
"""JSON Schema keyword on a field whose enumeration may grow within a version."""

_READING = object()
"""Validation context of :meth:`Event.read`: what tells a reader from a writer."""


@dataclass(frozen=True, slots=True)
class Extensible:
    """Annotates an enumeration that may grow within a version.

    Readers take a value they do not know as ``fallback``; writers are held to the members.
    """

    fallback: StrEnum

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), EXTENSIBLE: True}

    def _validate(
        self, value: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        try:
            return handler(value)
        except ValidationError:
            if info.context is _READING and isinstance(value, str):
                return self.fallback
            raise


class Value(BaseModel):
    """An immutable part of an event.

    Producers are closed: building a value with an unknown field raises. Consumers are open: read with
    :meth:`Event.read`, which ignores fields a newer producer may have added.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_max_length=4_000_000, hide_input_in_errors=True
    )


class Event(Value):
    """A value that travels on a topic of its own, under a versioned CloudEvents type."""

    event_type: ClassVar[str]
    """CloudEvents ``type``, for example ``org.onrecord.quote.extracted.v1``."""
    schema_name: ClassVar[str]
    """Stem of the exported JSON Schema file, for example ``quote.v1``."""
    topic: ClassVar[str]
    """The topic's name, without the configurable prefix."""

    @classmethod
    def schema_uri(cls) -> str:
        """The versioned name of the schema that readers may rely on: the CloudEvents ``dataschema`` and the
        ``$id`` of the file.

        A URN, since it names a contract and promises no web server.
        """
        return f"urn:onrecord:schema:{cls.schema_name}"

    @property
    def event_id(self) -> str:
        """The deterministic CloudEvents ``id``: the same content always yields the same id."""
        raise NotImplementedError

    @property
    def partition_key(self) -> str:
        """The key that orders this event among its kind."""
        raise NotImplementedError

    @property
    def subject(self) -> str:
        """The CloudEvents ``subject``: the article or actor this event is about."""
        return self.partition_key

    @property
    def extensions(self) -> Mapping[str, str]:
        """CloudEvents extension attributes: what a reader of headers alone may know. Names are of a–z and
        0–9."""
        return {}

    @classmethod
    def read(cls, data: bytes | str) -> Self:
        """Parse a consumed event, ignoring unknown fields at every level and unknown values of extensible
        enumerations.

        Types are those of the JSON Schema: ``"1"`` is not an integer here, as it is not one there.

        Raises:
            pydantic.ValidationError: the data is not JSON or breaks the schema.
        """
        return cls.model_validate_json(data, extra="ignore", strict=True, context=_READING)

    def encode(self) -> bytes:
        """The event as compact UTF-8 JSON, the form that travels."""
        return self.model_dump_json().encode()

    def as_dict(self) -> dict[str, Any]:
        """The event as JSON-ready Python values."""
        return self.model_dump(mode="json")
