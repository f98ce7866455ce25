"""What can be taken away, and in which forms."""

from __future__ import annotations

from enum import StrEnum


class What(StrEnum):
    """What is taken away."""

    ACTORS = "actors"
    STATEMENTS = "statements"
    CLAIMS = "claims"


class Format(StrEnum):
    """In which form; the value is also the ending of its address."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    JSONLD = "jsonld"
    WEBANNOTATION = "webannotation"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSONL: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.JSONLD: "application/ld+json",
    Format.WEBANNOTATION: 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"',
}
