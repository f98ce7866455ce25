"""Bytes to text, as readers need it: what is no text becomes a refusal."""

from __future__ import annotations

from services.chassis import decoding
from services.chassis.decoding import declared_in_html
from services.ingest.readers.items import Unreadable

__all__ = ["declared_in_html", "decode"]


def decode(data: bytes, declared: str | None = None, *, forgiving: bool = False) -> str:
    """The text of ``data``; see :func:`services.chassis.decoding.decode`.

    Raises:
        Unreadable: it is not text.
    """
    try:
        return decoding.decode(data, declared, forgiving=forgiving)
    except decoding.NotText as error:
        raise Unreadable(error.reason, str(error)) from error
