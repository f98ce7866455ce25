"""Errors as RFC 9457 problem details for programs, and as a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from http import HTTPStatus
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import StatementKind

MEDIA_TYPE = "application/problem+json"


class BadParameter(BaseModel):
    """One parameter that cannot be used."""

    parameter: str = Field(description="The parameter's name.", examples=["limit"])
    detail: str = Field(
        description="What is wrong with it.", examples=["Input should be less than or equal to 500"]
    )


class Retired(BaseModel):
    """A statement that its article does not say any more."""

    statement_id: str = Field(description="The statement's id.")
    kind: StatementKind = Field(description="Quote or claim.")
    text: str = Field(description="The words that were on record.")
    name: str = Field(description="Who was on record to have said them, as the article named them.")
    article_id: str = Field(description="The article.")
    title: str | None = Field(default=None, description="Its headline now.")
    url: str | None = Field(default=None, description="Where it was published.")
    outlet: str | None = Field(default=None, description="Who published it.")
    revision: int = Field(description="The revision that said it.")
    replaced_by: int = Field(
        description="The revision that is current: a later one, or the same, extracted again."
    )
    withdrawn: bool = Field(description="Whether the whole article was withdrawn.")
    since: AwareDatetime = Field(description="When the current revision, or the withdrawal, came in.")

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        day = f"{self.since.astimezone(UTC):%d %b %Y}".lstrip("0")
        if self.withdrawn:
            return f"It was on record until its article was withdrawn on {day}."
        if self.replaced_by > self.revision:
            return (
                f"It was on record until its article changed: revision {self.replaced_by} of {day} does not"
                " say it any more."
            )
        return f"It was on record until its article was read again on {day}: it is not found there any more."


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "type": "urn:onrecord:problem:unknown-actor", "title": "Not Found", "status": 404,
        "detail": "No actor 'person:nobody' is on record.", "instance": "/v1/actors/person:nobody",
    }]})  # fmt: skip

    type: str = Field(description="What kind of problem it is; stable.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong here, and what to do about it.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[BadParameter] | None = Field(
        default=None, description="Each parameter that cannot be used (422 only)."
    )
    retired: Retired | None = Field(default=None, description="What was on record here (410 only).")


class Trouble(Exception):
    """A request that cannot be answered; shown to whoever asked, so it holds nothing internal.

    Args:
        status: the HTTP status.
        slug: the stable name of this kind of problem.
        detail: what is wrong and what to do.
        errors: the parameters at fault.
        headers: further response headers, for example ``Retry-After``.
    """

    def __init__(
        self,
        status: HTTPStatus,
        slug: str,
        detail: str,
        *,
        errors: list[BadParameter] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def problem(self, path: str) -> Problem:
        """The body to answer with."""
        return Problem(
            type=f"urn:onrecord:problem:{self.slug}",
            title=self.status.phrase,
            status=self.status.value,
            detail=self.detail,
            instance=path,
            errors=self.errors,
        )


class Moved(Trouble):
    """308: what was known by this id is on record under another one."""

    def __init__(self, what: str, identifier: str, into: str) -> None:
        super().__init__(
            HTTPStatus.PERMANENT_REDIRECT, f"merged-{what}", f"{identifier!r} is on record as {into!r}."
        )
        self.what = what
        self.into = into


class Merged(Moved):
    """308: what is on record under this id is another actor's now. ``into`` is that one."""

    def __init__(self, actor_id: str, into: str) -> None:
        super().__init__("actor", actor_id, into)


class Gone(Trouble):
    """410: it was on record, and its article does not say it any more."""

    def __init__(self, retired: Retired) -> None:
        super().__init__(HTTPStatus.GONE, "retired-statement", retired.sentence)
        self.retired = retired

    def problem(self, path: str) -> Problem:
        return super().problem(path).model_copy(update={"retired": self.retired})


def not_found(what: str, identifier: str) -> Trouble:
    """404 for a ``what`` (``actor``, ``article``, ``statement``) that is not on record."""
    return Trouble(HTTPStatus.NOT_FOUND, f"unknown-{what}", f"No {what} {identifier!r} is on record.")


def several(actor_id: str, bearers: Sequence[str]) -> Trouble:
    """404 for a name that several people on record bear, each under an id of his own."""
    found = ", ".join(repr(bearer) for bearer in bearers)
    return Trouble(
        HTTPStatus.NOT_FOUND,
        "several-actors",
        f"{actor_id!r} is the name of several people on record: {found}.",
    )


def bad_parameter(parameter: str, detail: str) -> Trouble:
    """422 for one parameter."""
    return Trouble(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-parameter",
        f"{parameter}: {detail}",
        errors=[BadParameter(parameter=parameter, detail=detail)],
    )


def unavailable(detail: str, retry_after_s: int = 5) -> Trouble:
    """503 while the database cannot answer. Five seconds: about what a migration or a restart takes."""
    return Trouble(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "record-unavailable",
        detail,
        headers={"Retry-After": str(retry_after_s)},
    )


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's ``responses`` for these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}
