"""Which names are one actor, and who else it may be."""

from __future__ import annotations

from sqlalchemy import Connection, func, or_, select

from schemas.relational import actors, candidates, identities
from services.query.models import ActorLink, Candidate, Identity, NameOnRecord
from services.query.records import decisions
from services.query.records.reasons import description_of, in_words

MOST = 100
"""Names and candidates that are shown: more than any person has."""


def of_actor(connection: Connection, actor_id: str) -> Identity:
    """The names of an actor on record, and its candidates."""
    own = select(identities).where(identities.c.actor_id == actor_id, identities.c.statements > 0)
    rows = connection.execute(
        own.order_by(identities.c.statements.desc(), identities.c.identity_id).limit(MOST)
    ).all()
    names = [
        NameOnRecord(
            identity_id=row.identity_id, statements=row.statements, linked_to=row.linked_to, reason=row.reason,
            because=row.reason and in_words(row.reason), probability=row.probability,
        )
        for row in rows
    ]  # fmt: skip
    return Identity(
        actor_id=actor_id, names=names, described=description_of(actor_id),
        candidates=_candidates(connection, actor_id, [row.identity_id for row in rows]),
        decisions=decisions.of_actor(connection, actor_id),
    )  # fmt: skip


def open_candidates(connection: Connection, limit: int) -> list[tuple[str, str, str, float]]:
    """Pairs of names that may be one and are not taken to be, most probable first: names' ids, reason,
    probability."""
    order = (candidates.c.probability.desc(), candidates.c.identity_id, candidates.c.other_id)
    listing = select(
        candidates.c.identity_id, candidates.c.other_id, candidates.c.reason, candidates.c.probability
    )
    return [
        (row.identity_id, row.other_id, row.reason, row.probability)
        for row in connection.execute(listing.order_by(*order).limit(limit))
    ]


def _candidates(connection: Connection, actor_id: str, names: list[str]) -> list[Candidate]:
    """Those of any of the names, either way round; of several that lead to one actor the most probable."""
    c = candidates.c
    away = select(c.identity_id.label("own"), c.other_id.label("other"), c.reason, c.probability).where(
        c.identity_id.in_([*names, actor_id])
    )
    back = select(c.other_id.label("own"), c.identity_id.label("other"), c.reason, c.probability).where(
        or_(c.other_id.in_(names), c.other_id == actor_id)
    )
    both = away.union(back).subquery("both")
    # a candidate of the registry may have nothing on record
    found = select(both, identities.c.actor_id, actors.c.name, actors.c.kind).select_from(
        both.outerjoin(identities, identities.c.identity_id == both.c.other).outerjoin(
            actors, actors.c.actor_id == func.coalesce(identities.c.actor_id, both.c.other)
        )
    )
    ranked = found.order_by(both.c.probability.desc(), both.c.other, both.c.own).limit(MOST)
    made: dict[str, Candidate] = {}
    for row in connection.execute(ranked):
        other = row.actor_id or row.other
        if other != actor_id and other not in made:
            kind, _, key = other.partition(":")
            known = row.name is not None
            link = ActorLink(
                actor_id=other, name=row.name or key, kind=row.kind or kind, on_record=known, described=description_of(other)
            )  # fmt: skip
            made[other] = Candidate(
                identity_id=row.own,
                actor=link,
                reason=row.reason,
                because=in_words(row.reason),
                probability=row.probability,
            )
    return list(made.values())
