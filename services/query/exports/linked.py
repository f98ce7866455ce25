"""JSON Lines, and the two vocabularies of linked data: schema.org and the W3C's Web Annotation model.

Everything is named by URNs, which stay what they are wherever the record is served:
``urn:onrecord:statement:ID``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json
from sqlalchemy import Row

from schemas.events import ActorKind, StatementKind
from services.query.exports.columns import ACTORS, flat, nested
from services.query.models import ActorLink, ArticleLink, Statement
from services.query.records.statements import target
from services.query.text import web_address

SCHEMA_ORG = "https://schema.org"
ANNOTATION = "http://www.w3.org/ns/anno.jsonld"
WIKIDATA = "http://www.wikidata.org/entity/"

NOT_SAID = "The article reports that these words were not said."

_SORTS = {
    ActorKind.PERSON: "Person",
    ActorKind.ORGANIZATION: "Organization",
    ActorKind.DOCUMENT: "CreativeWork",
}
"""Groups and unnamed sources are none of schema.org's sorts but a thing."""


def urn(sort: str, identifier: str) -> str:
    """The name of a ``statement``, ``actor`` or ``article``, wherever it is served."""
    return f"urn:onrecord:{sort}:{quote(identifier, safe=':')}"


def statement_lines(batches: Iterable[Sequence[Statement]]) -> Iterator[bytes]:
    """One JSON object a line, as DESIGN §7 and docs/exports.md have it."""
    return (b"".join(to_json(nested(statement)) + b"\n" for statement in batch) for batch in batches)


def actor_lines(batches: Iterable[Sequence[Row[Any]]]) -> Iterator[bytes]:
    """One JSON object a line, its members the columns of actors."""
    return (b"".join(to_json(flat(ACTORS, row)) + b"\n" for row in batch) for batch in batches)


def statement_graph(batches: Iterable[Sequence[Statement]]) -> Iterator[bytes]:
    """A JSON-LD document of schema.org: ``Quotation`` and ``Claim``."""
    head = b'{"@context":' + to_json(SCHEMA_ORG) + b',"@graph":['
    return _listed(head, ([_work(statement) for statement in batch] for batch in batches), b"]}\n")


def actor_graph(batches: Iterable[Sequence[Row[Any]]]) -> Iterator[bytes]:
    """A JSON-LD document of schema.org: ``Person``, ``Organization``, ``CreativeWork`` and ``Thing``."""
    head = b'{"@context":' + to_json(SCHEMA_ORG) + b',"@graph":['
    return _listed(head, ([_actor_with_names(row) for row in batch] for batch in batches), b"]}\n")


def annotation_collection(batches: Iterable[Sequence[tuple[Statement, str]]], total: int) -> Iterator[bytes]:
    """An ``AnnotationCollection`` of one page: an ``Annotation`` for each statement, with its article's text
    at hand."""
    collection = {
        "@context": ANNOTATION,
        "id": "urn:onrecord:statements",
        "type": "AnnotationCollection",
        "total": total,
    }
    page = {
        "id": "urn:onrecord:statements:page",
        "type": "AnnotationPage",
        "partOf": "urn:onrecord:statements",
        "startIndex": 0,
    }
    head = to_json(collection)[:-1] + b',"first":' + to_json(page)[:-1] + b',"items":['
    return _listed(head, ([_annotation(*one) for one in batch] for batch in batches), b"]}}\n")


def _listed(head: bytes, batches: Iterable[Iterable[Mapping[str, Any]]], end: bytes) -> Iterator[bytes]:
    """Objects of one JSON array, between what comes before and after."""
    yield head
    between = b"\n"
    for batch in batches:
        part = b",\n".join(to_json(one) for one in batch)
        if part:
            yield between + part
            between = b",\n"
    yield end


def _work(statement: Statement) -> dict[str, Any]:
    """A statement as schema.org has it. Who did *not* say something is neither its speaker nor its author."""
    quotation = statement.kind is StatementKind.QUOTE
    actor = _actor(statement.actor_on_record)
    article = _article(statement.article)
    work: dict[str, Any] = {
        "@id": urn("statement", statement.statement_id),
        "@type": "Quotation" if quotation else "Claim",
        "identifier": statement.statement_id,
        "text": statement.text,
        "inLanguage": _language(statement.article),
        "isPartOf" if quotation else "appearance": article,
        "datePublished": statement.article.published_at,
    }
    if statement.negated:
        work |= {"about": actor, "disambiguatingDescription": NOT_SAID}
    else:
        work["spokenByCharacter" if quotation else "author"] = actor
    return _known(work)


def _actor(actor: ActorLink) -> dict[str, Any]:
    same = f"{WIKIDATA}{actor.wikidata}" if actor.wikidata else None
    return _known(
        {
            "@id": urn("actor", actor.actor_id),
            "@type": _SORTS.get(actor.kind, "Thing"),
            "name": actor.name,
            "sameAs": same,
        }
    )


def _actor_with_names(row: Row[Any]) -> dict[str, Any]:
    link = ActorLink(actor_id=row.actor_id, name=row.name, kind=row.kind, wikidata=row.wikidata)
    return _known({**_actor(link), "identifier": row.actor_id, "alternateName": list(row.aliases) or None})


def _article(article: ArticleLink) -> dict[str, Any]:
    publisher = {"@type": "Organization", "name": article.outlet} if article.outlet else None
    return _known({
        "@id": urn("article", article.article_id),
        "@type": "NewsArticle",
        "headline": article.title,
        "url": web_address(article.url),
        "publisher": publisher,
        "datePublished": article.published_at,
    })  # fmt: skip


def _annotation(statement: Statement, text: str) -> dict[str, Any]:
    """A statement as an annotation of the text on record: its words are the targets, its actor is what they
    are identified with.

    The positions count in the text on record, so that is the ``source``; the page it was published on is the
    ``scope``.
    """
    source = urn("article", statement.article.article_id)
    scope = web_address(statement.article.url)
    found = [target(text, span, source).model_dump() for span in statement.spans]
    said = "did not say this" if statement.negated else "said this"
    article = "a quote" if statement.kind is StatementKind.QUOTE else "a claim"
    value = f"{statement.actor_on_record.name} {said} ({article}, confidence {statement.confidence:.2f})"
    described = {
        "type": "TextualBody",
        "purpose": "describing",
        "value": value,
        "format": "text/plain",
        "language": "en",
    }
    purpose = "linking" if statement.negated else "identifying"
    identified = {
        "type": "SpecificResource",
        "purpose": purpose,
        "source": urn("actor", statement.actor_on_record.actor_id),
    }
    return {
        "id": urn("statement", statement.statement_id),
        "type": "Annotation",
        "motivation": "describing" if statement.negated else "identifying",
        "body": [identified, described],
        "target": [_known({"type": "SpecificResource", "scope": scope, **one}) for one in found],
    }


def _language(article: ArticleLink) -> str | None:
    return None if article.language == "und" else article.language


def _known(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that nothing is known of: null says in JSON-LD that there is none."""
    return {name: value for name, value in members.items() if value is not None}
