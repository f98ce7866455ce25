"""Pages to main text, in a worker process that can be killed."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from services.chassis.errors import LimitExceeded, PoisonError
from services.chassis.html import TooDeep
from services.chassis.worker import Worker, WorkerFailed, WorkerLimits
from services.extract.text.language import UNKNOWN
from services.extract.text.prescan import declared_language, scan

_WORKER = "services.extract.text.html_worker:build"
_PAGES_PER_WORKER = 500  # the parser's caches grow; a fresh process costs a second


@dataclass(frozen=True, slots=True)
class HtmlLimits:
    """What a page may cost. ``memory_mb`` is what the worker's address space may grow by."""

    timeout_s: float = 15.0
    memory_mb: int = 1024
    max_tags: int = 60_000
    max_bytes: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page's main text, one paragraph per line, and what it says about itself."""

    text: str
    title: str | None = None
    language: str = UNKNOWN
    published_on: dt.date | None = None


class HtmlReader:
    """Reads pages through one worker process, started with the first page and replaced when it is killed or
    worn."""

    def __init__(self, limits: HtmlLimits) -> None:
        self._limits = limits
        self._worker = Worker(
            _WORKER, "", WorkerLimits(limits.timeout_s, limits.memory_mb, _PAGES_PER_WORKER)
        )

    def read(self, html: str, *, article_id: str) -> Page:
        """The main text of a page.

        Raises:
            LimitExceeded: the page is too large, too deep, has too many tags, or took too long or too much
                memory.
            PoisonError: the page cannot be parsed.
            TransientError: no worker can be started just now.
        """
        limits = self._limits
        breach = scan(html, max_bytes=limits.max_bytes, max_tags=limits.max_tags)
        if breach is not None:
            wording = {
                "too_large": f"the page has more than {limits.max_bytes} bytes",
                "html_tags": f"the page has more than {limits.max_tags} tags",
            }[breach]
            raise LimitExceeded(f"article {article_id}: {wording}", stage="extract", reason=breach)
        if "<" not in html:
            return Page(html)
        answer = self._ask(html.encode("utf-8", "replace"), article_id)
        return Page(
            text=str(answer.get("text") or ""),
            title=_string(answer.get("title")),
            language=declared_language(html) or UNKNOWN,
            published_on=_date(_string(answer.get("date"))),
        )

    def close(self) -> None:
        """End the worker. Safe to call twice."""
        self._worker.close()

    def _ask(self, page: bytes, article_id: str) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(self._worker.ask(page))
        except WorkerFailed as error:
            raise self._refusal(error, article_id) from error
        return answer

    def _refusal(self, error: WorkerFailed, article_id: str) -> PoisonError:
        page = f"article {article_id}: the page"
        if error.kind == "timeout":
            return LimitExceeded(
                f"{page} took longer than {self._limits.timeout_s:g} s",
                stage="extract",
                reason="html_timeout",
            )
        if error.kind == "failed" and error.cause == TooDeep.__name__:
            return LimitExceeded(
                f"{page} nests too deep to be read: {error.message}", stage="extract", reason="html_depth"
            )
        if error.kind == "failed":
            return PoisonError(
                f"{page} cannot be parsed ({error.cause})", stage="extract", reason="html_unreadable"
            )
        # out of memory, the parser crashes as often as it says so
        return LimitExceeded(
            f"{page} took more than {self._limits.memory_mb} MB to parse",
            stage="extract",
            reason="html_memory",
        )


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _date(value: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if value else None
    except ValueError:
        return None
