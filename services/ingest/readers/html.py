"""HTML pages. The content stays the page's source; what the page says about itself is read off its markup
(:mod:`services.chassis.pagehead`). A date without a zone is taken as UTC.
"""

from __future__ import annotations

from services.chassis.pagehead import read_head
from services.ingest.identity import joined, parse_html, web_address
from services.ingest.readers.decoding import declared_in_html, decode
from services.ingest.readers.items import Arrival, Limits, Offer, Unreadable, offer


def read_html(arrival: Arrival, data: bytes, limits: Limits, *, charset: str | None = None, fetched_from: str | None = None) -> Offer:
    """The article in a page.

    Args:
        charset: what the HTTP header declares; it wins over the page.
        fetched_from: the page's address, used when the page names none and to resolve a relative one.

    Raises:
        Unreadable: it is not HTML, empty or too large.
    """
    content = decode(data, charset or declared_in_html(data), forgiving=True)
    tree = parse_html(content)
    if tree is None or tree.find(".//body") is None:
        raise Unreadable("not_html", "has no HTML in it; name it .txt if it is plain text", "validate")
    head = read_head(tree)
    return offer(
        arrival,
        data,
        limits,
        content=content,
        content_type="text/html",
        url=_address(head.addresses, fetched_from),
        outlet=head.outlet,
        title=head.title,
        authors=list(head.authors),
        language=head.language,
        published_at=head.published_at,
    )


def _address(written: tuple[str, ...], fetched_from: str | None) -> str | None:
    found = (joined(fetched_from, candidate) for candidate in written)
    return next((address for address in found if address), web_address(fetched_from))
