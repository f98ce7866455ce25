"""Comparing what is written on pages."""

from __future__ import annotations

import unicodedata


def letters(text: str) -> str:
    """Letters and digits only, folded: what stays the same when marks, spaces, case and widths change."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
