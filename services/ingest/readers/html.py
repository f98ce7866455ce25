"""HTML pages. The content stays the page's source; what the page says about itself is read off its markup
(:mod:`services.chassis.pagehead`). A date without a zone is taken as UTC.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from services.chassis.pagehead import Head, read_head
from services.ingest.addresses import is_home, is_section_of, same_site, slug_words, words_of
from services.ingest.identity import host_of, joined, parse_html, url_key, web_address
from services.ingest.kinds import KINDS, kind_of
from services.ingest.readers.decoding import declared_in_html, decode
from services.ingest.readers.items import Arrival, Limits, Offer, Skip, Unreadable, offer

_TOLD = 2
"""So many words of the title in an address make it this article's; more than so many others make an address
another's."""


def read_html(
    arrival: Arrival,
    data: bytes,
    limits: Limits,
    *,
    charset: str | None = None,
    fetched_from: str | None = None,
) -> Offer | Skip:
    """The article in a page, or word of what kind of page it is instead.

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
    kind = kind_of(tree, head, fetched_from)
    if kind and kind not in limits.kinds:
        return Skip(arrival, kind, f"{KINDS[kind]}; ONRECORD_INGEST__TAKE_KINDS={kind} takes it all the same")
    return offer(
        arrival,
        data,
        limits,
        content=content,
        content_type="text/html",
        url=_address(head, fetched_from),
        outlet=head.outlet,
        title=head.title,
        authors=list(head.authors),
        language=head.language,
        published_at=head.published_at,
    )


def _address(head: Head, fetched_from: str | None) -> str | None:
    """Where the page's article stands: where the page says, unless that is a home, a section, another
    article's, or what all else contradicts.

    A page that was fetched may name another address only within its own site: otherwise one site could revise
    another's articles.
    """
    said = [address for written in head.addresses if (address := joined(fetched_from, written))]
    said = [address for address in said if not is_home(f"https://{url_key(address)}")]
    fetched = web_address(fetched_from)
    if fetched:
        title = words_of(" ".join(head.titles))
        told = len(slug_words(fetched) & title) >= _TOLD
        said = [
            address
            for address in said
            if same_site(host_of(address), host_of(fetched)) and not (told and _is_another(address, title))
        ]
    own = [url_key(address) for written in head.own_addresses if (address := joined(fetched_from, written))]
    if fetched and url_key(fetched) in own:
        return fetched if not said or url_key(said[0]) != url_key(fetched) else said[0]
    keys = [url_key(address) for address in (*said, *([fetched] if fetched else []))]
    found = (address for address, key in zip(said, keys, strict=False) if not is_section_of(key, keys))
    return next(found, fetched)


def _is_another(address: str, title: frozenset[str]) -> bool:
    """Whether an address names a section, or an article, of which this title has not one word. Where it has a
    number, that may be the article's, unless words stand behind it."""
    words = slug_words(address)
    return not words & title and (
        len(words) > _TOLD or not re.search(r"\d", urlsplit(address).path + urlsplit(address).query)
    )
