"""Bytes to text, as browsers read them: byte order mark, declared charset by the labels of the WHATWG
Encoding Standard (``gb2312`` means GB 18030, ``iso-8859-1`` windows-1252), UTF-8, windows-1252, the web's own
fallback; where that gives no Western text, what is detected.

Where many characters come out as none, the text is refused: nobody could tell later what they were.
"""

from __future__ import annotations

import codecs
import re

import webencodings  # type: ignore[import-untyped]
from webencodings.labels import LABELS  # type: ignore[import-untyped]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32's little-endian mark begins with UTF-16's, so it is tried first."""

_CODECS = {
    "gbk": "gb18030",  # the standard decodes both in one way
    "replacement": None,  # charsets that browsers refuse to read
    "x-user-defined": None,
}
"""By the standard's names: Python's codecs where they differ."""

_META = re.compile(
    rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})|<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{1,40})",
    re.IGNORECASE,
)
_META_BYTES = 4096
"""Browsers look at 1,024 bytes; some pages put long scripts before the declaration."""

_SURE = 20
"""Characters. Of two that are GB 18030, one in seven is well-formed UTF-8 as well; of twenty, none."""
_LOST = 10
_LOST_SHARE = 0.1
"""More characters lost than both, of those that are not ASCII: not a few broken bytes in a page, but the
wrong charset."""
_RUN = re.compile(r"[^\x00-\x7f]{4,}")
"""Western text has hardly ever four letters in a row that are not ASCII; another script read as if it were
Western has nothing else."""
_FOREIGN_SHARE = 0.5

_NEVER_GUESSED = ("utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le")
"""Any bytes in pairs are characters of some script: browsers take these from a mark or a declaration only."""

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL_SHARE = 0.01
"""Text has stray control characters at most; formats read as text by mistake have many."""


class NotText(ValueError):
    """Bytes that are no text. ``reason``, ``binary`` or ``encoding``, labels metrics; the message holds
    nothing of the content."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def charset(label: str | None) -> str | None:
    """Python's name of a declared charset, None when it is not one of the web's. Python's other codecs
    (``unicode_escape``, ``utf-7``, ``idna``, …) are no charsets of pages, and some rewrite what they read."""
    found = webencodings.lookup(label) if label and label.isascii() else None
    if found is None:
        return None
    return _CODECS.get(found.name, found.codec_info.name)


def declared_in_html(data: bytes) -> str | None:
    """The charset's label that a page declares for itself in ``meta`` or an XML declaration; None when it is
    not one of the web's."""
    found = _META.search(data[:_META_BYTES])
    label = (found.group(1) or found.group(2)).decode("ascii") if found else None
    name = charset(label)
    # the declaration was read as ASCII, so the page cannot be in a charset of two-byte units
    return "utf-8" if name and name.startswith("utf-16") else label if name else None


def decode(data: bytes, declared: str | None = None, *, forgiving: bool = False) -> str:
    """The text of ``data``, its byte order mark left out and every other character kept.

    ``declared`` is the charset that an HTTP header or the page names. ``forgiving`` replaces what cannot be
    decoded, as browsers do, as long as that is little. Where many characters are well-formed UTF-8, that is
    what it is, whatever it says: pages saved by others keep the old declaration. Bytes that are UTF-8 but for
    a few are broken UTF-8, never windows-1252: that would garble every quotation mark.

    Raises:
        NotText: it is not text, or in no charset that can be told.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _checked(_decoded(data[len(mark) :], name, forgiving))
    if b"\x00" in data:
        raise NotText(
            "binary", "contains NUL bytes, so it is not text; convert it to UTF-8 plain text or HTML"
        )
    known = "utf-8" if _surely_utf8(data) else charset(declared)
    if known and (forgiving or _strict(data, known) is not None):
        return _checked(_decoded(data, known, forgiving))
    text = _strict(data, "utf-8")
    if text is None and not _mostly_utf8(data):
        foreign = _is_foreign(data.decode("cp1252", "replace"))
        text = _strict(data, _detected(data) if foreign else "cp1252")
    return _checked(_decoded(data, "utf-8", forgiving) if text is None else text)


def _surely_utf8(data: bytes) -> bool:
    """Whether it is UTF-8 throughout, with so many characters of several bytes that no other charset comes
    out like that by chance."""
    text = None if data.isascii() else _strict(data, "utf-8")
    return text is not None and _not_ascii(text) >= _SURE


def _is_foreign(text: str) -> bool:
    """Whether a text read as Western is none."""
    runs = sum(len(run) for run in _RUN.findall(text))
    return runs > _LOST and runs > _FOREIGN_SHARE * _not_ascii(text)


def _detected(data: bytes) -> str:
    """The charset that the bytes look most like, by Python's name.

    Raises:
        NotText: they look like none of the web's.
    """
    # here: a quarter of a second to import, for a page in a hundred thousand
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_exclusion=list(_NEVER_GUESSED)).best()
    name = charset(best.encoding) or codecs.lookup(best.encoding).name if best else ""
    if name not in map(charset, LABELS):
        raise NotText(
            "encoding", "declares no charset and looks like none that is known; convert it to UTF-8"
        )
    return name


def _not_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


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
        text = data.decode(name, "replace" if forgiving else "strict")
    except UnicodeDecodeError as error:
        raise NotText("encoding", f"is not valid {name} (byte {error.start}); convert it to UTF-8") from error
    lost = text.count("\ufffd")
    if lost > _LOST and lost > _LOST_SHARE * _not_ascii(text):
        raise NotText(
            "encoding",
            f"read as {name}, {lost} characters are none; mend the charset that it declares, or convert it to"
            " UTF-8",
        )
    return text


def _checked(text: str) -> str:
    controls = len(_CONTROLS.findall(text))
    if "\x00" in text or controls > _CONTROL_SHARE * len(text) + 1:
        raise NotText(
            "binary",
            "is full of control characters, so it is not text; convert it to UTF-8 plain text or HTML",
        )
    return text
