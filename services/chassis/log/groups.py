"""The one declaration of onrecord's consumer groups and the topics each of them reads."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.events import Article, Claim, Decision, Document, Quote
from services.chassis.log.topics import dlq_of

EXTRACT_GROUP = "onrecord-extract"
AGGREGATE_GROUP = "onrecord-aggregate"

_TRACED = (Article, Document, Quote, Claim)

READ: Mapping[str, tuple[str, ...]] = {
    EXTRACT_GROUP: (Article.topic,),
    # the record's events; the rest is for the trail of each article, headers only
    AGGREGATE_GROUP: (
        Document.topic,
        Quote.topic,
        Claim.topic,
        Decision.topic,
        Article.topic,
        *(dlq_of(event.topic) for event in _TRACED),
    ),
}
