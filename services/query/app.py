"""The web application: API, pages, static files and what happens when something goes wrong."""

from __future__ import annotations

from http import HTTPStatus
from threading import Lock
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from services.chassis.metrics import Metrics
from services.chassis.settings import QuerySettings
from services.query import api, decisions, feeds, live, pages
from services.query.database import Database
from services.query.exports import routes as exports
from services.query.http import SECURITY, Measured, SecureHeaders, Validators
from services.query.problems import MEDIA_TYPE, BadParameter, Moved, Problem, Trouble
from services.query.rendering import STATIC, render
from services.query.text import segment

DESCRIPTION = """
Who said what in the news: quotes and claims from articles, resolved to people and aggregated per actor.

- Only what is **on record** shows: the statements of each article's current revision.
- Spans are in **Unicode code points** of the article's text: `text[start:end] == exact`.
- Lists go on by `cursor`: nothing repeats and nothing is skipped when the record grows in between.
- Errors are problem details (RFC 9457, `application/problem+json`).
- Confidences say how sure the machine is that the words are this actor's. Nothing here says whether they are true.
"""

_log = structlog.get_logger("onrecord.query")


def create_app(
    database: Database,
    settings: QuerySettings,
    metrics: Metrics,
    send: decisions.Send | None = None,
    following: live.Live | None = None,
) -> FastAPI:
    """The application over a database.

    Args:
        send: puts decisions on the log; without it none are taken.
        following: who follows the record live, for a server that must let them go when it stops.

    Raises:
        SettingsError: the token for decisions cannot be read.
    """
    following = following or live.Live(database, settings.max_live, metrics)
    app = FastAPI(
        title="onrecord", version="1", summary="The record of who said what.", description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # the usual viewers load scripts from elsewhere
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    # before the items: statements.csv is no statement's id
    app.include_router(exports.router(database, settings, metrics))
    app.include_router(live.router(following))
    app.include_router(feeds.router(database, settings))
    app.include_router(api.router(database, settings))
    app.include_router(decisions.router(database, settings, send))
    app.include_router(pages.router(database, settings))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(Trouble, _trouble)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    # the last one added is the outermost: figures see every answer, headers go on every answer
    app.add_middleware(Validators)
    app.add_middleware(SecureHeaders)
    app.add_middleware(Measured, metrics=metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


_DOCUMENTING = Lock()
"""FastAPI's document is made by one thread at a time, or it fails: two that read ``/api`` first may meet."""


def _openapi(app: FastAPI) -> dict[str, Any]:
    with _DOCUMENTING:
        return _document(app)


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes,
            license_info=app.license_info,
        )  # fmt: skip
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        app.openapi_schema = schema
    return app.openapi_schema


def _answer(request: Request, trouble: Trouble) -> Response:
    problem = trouble.problem(request.url.path)
    # a fault is answered outside of all middleware, so the headers are set here
    headers = {**SECURITY, "cache-control": "no-store", **trouble.headers}
    if _for_people(request):
        return render("problem.html", problem.status, headers, problem=problem, here="")
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True), problem.status, headers, media_type=MEDIA_TYPE
    )


def _for_people(request: Request) -> bool:
    """A browser asking for a page; programs get problem details anywhere."""
    path = request.url.path
    return not path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def _trouble(request: Request, error: Exception) -> Response:
    trouble = cast(Trouble, error)
    if isinstance(trouble, Moved):
        trouble.headers["location"] = _place_of(request, trouble)
    return _answer(request, trouble)


def _place_of(request: Request, moved: Moved) -> str:
    """The same place of another actor or statement."""
    template: str = request.scope["route"].path
    path = template.replace(f"{{{moved.what}_id:path}}", segment(moved.into))
    return f"{path}?{request.url.query}" if request.url.query else path


def _invalid(request: Request, error: Exception) -> Response:
    errors = []
    for fault in cast(RequestValidationError, error).errors():
        where = [str(part) for part in fault["loc"][1:]]
        detail = (
            "there is no such parameter"
            if fault["type"] == "extra_forbidden"
            else str(fault["msg"]).removeprefix("Value error, ")
        )
        errors.append(BadParameter(parameter=".".join(where) or "query", detail=detail))
    detail = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in errors)
    return _answer(
        request, Trouble(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-parameter", detail, errors=errors)
    )


def _http(request: Request, error: Exception) -> Response:
    known = cast(HTTPException, error)
    status = HTTPStatus(known.status_code)
    allowed = (known.headers or {}).get("allow", "GET")
    details = {
        HTTPStatus.NOT_FOUND: ("no-such-page", f"There is nothing at {request.url.path}."),
        HTTPStatus.METHOD_NOT_ALLOWED: (
            "no-such-method",
            f"{request.method} is not possible here. Use {allowed}.",
        ),
    }
    slug, detail = details.get(status, (status.phrase.lower().replace(" ", "-"), str(known.detail)))
    return _answer(request, Trouble(status, slug, detail, headers=dict(known.headers or {})))


def _fault(request: Request, error: Exception) -> Response:
    _log.error("request_failed", path=request.url.path, error=type(error).__name__)
    detail = "Something went wrong here, not with your request. It is in the log of this service."
    return _answer(request, Trouble(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail))
