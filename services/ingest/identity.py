"""What makes two articles the same: canonical addresses, ids, content keys and fingerprints.

Rules:

- ``article_id`` is made from the canonical address where there is one, else from the normalised text. A
  producer's own id wins.
- The canonical address for identity: scheme and a leading ``www.``, ``m.`` or ``amp.`` ignored, and what else
  makes it a page for telephones or printers (:mod:`services.ingest.addresses`); host in lower case, default
  port, fragment and tracking parameters dropped, remaining parameters sorted, a trailing slash ignored.
  Escapes are compared by the bytes they stand for, UTF-8 or not (``%E4`` is no ``%F6``), in either case of
  their digits.
- The normalised text: Unicode NFKC, white space collapsed; of HTML, the visible text.
- The content key is the hash of the normalised text. The fingerprint adds what else changes an article
  (status, title, by-line, date, …); two revisions with one fingerprint are one revision.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urljoin, urlsplit

from lxml import etree

from schemas.events import Article
from schemas.ids import digest, text_sha256
from services.chassis.html import TooDeep, flattened
from services.ingest.addresses import is_dress, plain_host, plain_path

URL_CHARS = 2048
"""The event's limit, which is story-indexer's as well."""

_TRACKING = re.compile(
    r"^(utm_\w+|fbclid|gclid|gclsrc|dclid|msclkid|mc_[ce]id|igshid|yclid|wbraid|gbraid|cmpid|ocid|ns_\w+|at_\w+|gad_\w+|twclid|ttclid|li_fat_id|srsltid)$",
    re.IGNORECASE,
)
"""Parameters that say how a reader came, never which article."""

_NOT_IN_URLS = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")
_INVISIBLE = ("script", "style", "noscript", "template", "head")


def web_address(url: str | None) -> str | None:
    """``url`` when it is an http or https address with a host and of a length events carry, else None."""
    if not url:
        return None
    url = url.strip()
    if len(url) > URL_CHARS or _NOT_IN_URLS.search(url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (reading it checks it)
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.hostname else None


def joined(base: str | None, reference: str | None) -> str | None:
    """The web address that a reference on a page or in a header means, None when it is none."""
    try:
        return (
            web_address(urljoin(base or "", (reference or "").strip()))
            if reference and reference.strip()
            else None
        )
    except ValueError:
        return None


def host_of(url: str | None) -> str | None:
    """The host of a web address in lower case, without ``www.``."""
    address = web_address(url)
    host = urlsplit(address).hostname if address else None
    return (host.removeprefix("www.") or host) if host else None


def url_key(url: str) -> str:
    """The address as far as it tells articles apart; see the module's rules. ``url`` must be a web
    address."""
    parts = urlsplit(url)
    host = plain_host(parts.hostname or "")
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    path = quote(unquote_to_bytes(parts.path), safe="/:@!$&'()*+,;=~-._")
    # bytes that are no UTF-8 travel as lone surrogates: replaced, they would make one article of many
    given = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    query = urlencode(
        sorted((k, v) for k, v in given if not _TRACKING.match(k) and not is_dress(k, v)),
        errors="surrogateescape",
    )
    return f"{host}{port}{plain_path(path)}" + (f"?{query}" if query else "")


def normalised(text: str) -> str:
    """Text folded for comparison: NFKC, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def visible_text(tree: etree._Element) -> str:
    """The text a reader of the page could see, in document order, elements parted by a space. Removes the
    rest from the tree."""
    etree.strip_elements(tree, *_INVISIBLE, etree.Comment, etree.PI, with_tail=False)
    return " ".join(tree.itertext())


def parse_html(html: str) -> etree._Element | None:
    """The page's tree, parsed without network, entities of its own or unlimited size; None when there is no
    element in it.

    A page that nests deeper than the parser goes is flattened; one that nests beyond reason has only what the
    parser reached.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, recover=True)
    try:
        tree = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None
    if (
        parser.error_log.last_error is not None
        and parser.error_log.last_error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT
    ):
        try:
            return flattened(html)
        except TooDeep:
            return tree
    return tree  # lxml answers None for a page of comments only


def content_key(content: str, content_type: str) -> str:
    """SHA-256 of the normalised text. HTML without any visible text is compared by its source."""
    if content_type == "text/html":
        tree = parse_html(content)
        text = normalised(visible_text(tree)) if tree is not None else ""
        return text_sha256(text or normalised(content))
    return text_sha256(normalised(content))


def article_id(url: str | None, content: str, content_type: str) -> str:
    """The article's id by the module's rules."""
    address = web_address(url)
    return (
        digest("art", "url", url_key(address))
        if address
        else digest("art", "content", content_key(content, content_type))
    )


def publisher_key(article: Article) -> str:
    """Who published it, folded; empty when nobody knows."""
    return (host_of(article.url) or article.outlet or "").casefold().strip()


def fingerprint(article: Article, key: str) -> str:
    """What a change of makes a new revision: everything but id, revision number, origin and time of arrival.

    ``key`` is the article's content key.
    """
    published = article.published_at.timestamp() if article.published_at else ""
    facts = (
        key,
        article.status,
        article.content_type,
        article.title or "",
        article.outlet or "",
        article.language,
        str(published),
    )
    return digest("fp", *facts, *article.authors)
