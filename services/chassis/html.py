"""Pages that nest deeper than a parser goes.

libxml2 stops at 256 elements one inside the other and leaves out the rest of the page without a word; real
pages go beyond. Browsers read them: where elements nest deeper than they care for, they hang what is deeper
beside it instead of into it. So does :func:`flattened`, from the parser's events, which have no limit.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

DEEPEST = 250
"""Elements one inside the other in a tree, the root included: what libxml2 itself allows, a little less."""
_CHUNK = 1 << 16  # bytes between two looks
_MOST_WORK = 200_000_000
"""The parser looks for an end tag's element through all that are open: so many steps take about a second."""

MakeElement = Callable[..., etree._Element]


class TooDeep(ValueError):
    """A page of so many elements one inside the other, and so many end tags, that reading it would take
    minutes."""


def flattened(source: str, make_element: MakeElement = etree.Element) -> etree._Element | None:
    """The page's tree, no deeper than :data:`DEEPEST`; all of its text, in order. None when there is no
    element in it.

    Args:
        make_element: makes the elements, for trees of another class.

    Raises:
        TooDeep: it cannot be read in linear time.
    """
    builder = _Flattening(make_element)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, target=builder
    )
    data = source.encode("utf-8", "replace")
    work = 0
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        work += builder.depth * chunk.count(b"</")
        if work > _MOST_WORK:
            raise TooDeep(f"{builder.depth} elements one inside the other and as many end tags")
        parser.feed(chunk)
    root: etree._Element | None = parser.close()
    return root


class _Flattening:
    """Builds a tree of the parser's events; an element too deep stands beside the one it was in, which ends
    before it."""

    def __init__(self, make_element: MakeElement) -> None:
        self._tree = etree.TreeBuilder(element_factory=make_element)
        self._beside: str | None = None  # the one element below the limit that is open in the tree
        self._begun = False
        self.depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._begun = True
        self.depth += 1
        if self.depth >= DEEPEST:
            self._end_beside()
            self._beside = tag
        self._tree.start(tag, attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        if self.depth >= DEEPEST:
            self._end_beside()
        else:
            self._tree.end(tag)
        self.depth -= 1

    def data(self, text: str) -> None:
        """Text, where the parser found it."""
        if self.depth:
            self._tree.data(text)

    def comment(self, text: str) -> None:
        """Left out."""

    def close(self) -> etree._Element | None:
        """The tree."""
        return self._tree.close() if self._begun else None

    def _end_beside(self) -> None:
        if self._beside is not None:
            self._tree.end(self._beside)
            self._beside = None
