"""Bytes to text. Order: byte order mark, declared charset, UTF-8, then windows-1252, the web's own fallback."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32's little-endian mark begins with UTF-16's, so it is tried first."""

_ACCEPTED = re.compile(
    r"^(utf-8|utf-16(-[lb]e)?|cp125\d|cp874|iso8859-\d+|koi8-[rut]|shift_jis|cp932|euc_jp|euc_jis_2004|iso2022_jp|euc_kr|cp949|gb2312|gbk|gb18030|big5|big5hkscs|mac-\w+)$"
)
"""Charsets of the WHATWG Encoding Standard, by Python's names. Python's other codecs (``unicode_escape``, ``utf-7``, ``idna``, …) are no
charsets of pages and some rewrite what they read."""

_META = re.compile(
    rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})|<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{1,40})",
    re.IGNORECASE,
)
_META_BYTES = 4096
"""Browsers look at 1,024 bytes; some pages put long scripts before the declaration."""

_CONTROL_SHARE = 0.01
"""Text has stray control characters at most; formats read as text by mistake have many."""


class NotText(ValueError):
    """Bytes that are no text. ``reason``, ``binary`` or ``encoding``, labels metrics; the message holds nothing of the content."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def charset(label: str | None) -> str | None:
    """Python's name of a declared charset, None when it is unknown or not one of the web's."""
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None
    if name in ("ascii", "iso8859-1"):
        return "cp1252"  # the Encoding Standard: what calls itself Latin-1 is windows-1252
    return name if _ACCEPTED.match(name) else None


def declared_in_html(data: bytes) -> str | None:
    """The charset a page declares for itself in ``meta`` or an XML declaration."""
    found = _META.search(data[:_META_BYTES])
    name = charset((found.group(1) or found.group(2)).decode("ascii")) if found else None
    # the declaration was read as ASCII, so the page cannot be in a charset of two-byte units
    return "utf-8" if name and name.startswith("utf-16") else name


def decode(data: bytes, declared: str | None = None, *, forgiving: bool = False) -> str:
    """The text of ``data``, its byte order mark left out and every other character kept.

    ``declared`` is the charset that an HTTP header or the page names. ``forgiving`` replaces what cannot be decoded, as browsers do.
    Bytes that are UTF-8 but for a few are broken UTF-8, never windows-1252: that would garble every quotation mark.

    Raises:
        NotText: it is not text.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _checked(_decoded(data[len(mark) :], name, forgiving))
    if b"\x00" in data:
        raise NotText("binary", "contains NUL bytes, so it is not text; convert it to UTF-8 plain text or HTML")
    known = charset(declared)
    if known and (forgiving or _strict(data, known) is not None):
        return _checked(_decoded(data, known, forgiving))
    text = _strict(data, "utf-8")
    if text is None and not _mostly_utf8(data):
        text = _strict(data, "cp1252")
    return _checked(_decoded(data, "utf-8", forgiving) if text is None else text)


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(1 for c in text if c > "\x7f") - broken >= broken


def _decoded(data: bytes, name: str, forgiving: bool) -> str:
    try:
        return data.decode(name, "replace" if forgiving else "strict")
    except UnicodeDecodeError as error:
        raise NotText("encoding", f"is not valid {name} (byte {error.start}); convert it to UTF-8") from error


def _checked(text: str) -> str:
    controls = sum(1 for c in text if c < " " and c not in "\t\n\v\f\r\x1b")
    if "\x00" in text or controls > _CONTROL_SHARE * len(text) + 1:
        raise NotText("binary", "is full of control characters, so it is not text; convert it to UTF-8 plain text or HTML")
    return text
