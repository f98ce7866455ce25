"""Articles to events through a process that can be killed: the service's way to the core.

Why a process, and why one for all of an article: a bound on characters and word pieces keeps the network's
share in hand, but not a rule that meets the text it is slowest on, nor a crash in a library, nor the memory
of either; a deadline looked at between steps is not looked at inside the step that takes for ever. Killed
from outside, any of them costs one article. The process also leaves the stage's loop free to turn, to keep
its membership and to stop within a second. What it costs is one more Python process (about 60 MB) and a copy
of the article each way, under a hundredth of the time of an average one.

:func:`services.extract.extract.extract` itself knows nothing of it and can be called anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel

from schemas.events import Article, Claim, Document, Quote
from services.chassis.errors import LimitExceeded, PoisonError, TransientError
from services.chassis.settings import ExtractSettings
from services.chassis.worker import Worker, WorkerFailed, WorkerLimits

_WORKER = "services.extract.worker:build"


class Model(BaseModel):
    """The model that the process has loaded."""

    name: str
    version: str
    sha256: str


class Reading(BaseModel):
    """What was found in one article, how long each step took in seconds, and how many word pieces the network
    read."""

    document: Document
    quotes: tuple[Quote, ...]
    claims: tuple[Claim, ...]
    steps: tuple[tuple[str, float], ...]
    tokens: int


class Refused(BaseModel):
    """Why an article was not read."""

    kind: Literal["limit", "poison", "transient"]
    message: str
    stage: str = ""
    reason: str = ""

    def error(self) -> PoisonError | TransientError:
        """The error that the core raised."""
        if self.kind == "transient":
            return TransientError(self.message)
        return (LimitExceeded if self.kind == "limit" else PoisonError)(
            self.message, stage=self.stage, reason=self.reason
        )


class Answer(BaseModel):
    """One of the three: to an empty request the model, to an article what was found or why not."""

    model: Model | None = None
    reading: Reading | None = None
    refused: Refused | None = None


class ExtractionFailed(Exception):
    """The core raised what nobody foresaw: a bug met by this article. The message is the traceback, which may
    quote the article."""


class ArticleReader:
    """Reads articles through one process. Not for use by several threads at once; close it at the end."""

    def __init__(self, settings: ExtractSettings) -> None:
        self._settings = settings
        limits = WorkerLimits(settings.text_timeout_s, settings.text_memory_mb)
        self._worker = Worker(_WORKER, settings.model_dump_json(), limits)

    def model(self) -> Model:
        """Starts the process, and says which model it has loaded.

        Raises:
            WorkerUnfit: the model cannot be loaded, or there is no room for the language detector's.
            TransientError: no process can be started just now.
        """
        answer = Answer.model_validate_json(self._worker.ask(b""))
        assert answer.model is not None
        return answer.model

    def read(self, article: Article, meanwhile: Callable[[], None]) -> Reading:
        """What is found in an article; ``meanwhile`` is called every second, and what it raises ends the
        reading.

        Raises:
            LimitExceeded: it breaks a limit: as the core raises it, or ``text_timeout``, ``text_memory``.
            PoisonError: its page cannot be read, or it crashed the process twice (``text_crash``).
            TransientError: no process can be started just now.
            ExtractionFailed: a bug.
        """
        try:
            answer = Answer.model_validate_json(self._worker.ask(article.encode(), meanwhile))
        except WorkerFailed as failure:
            raise self._told(failure, article.article_id) from failure
        if answer.reading is None:
            assert answer.refused is not None
            raise answer.refused.error()
        return answer.reading

    def close(self) -> None:
        """End the process. Safe to call twice."""
        self._worker.close()

    def _told(self, failure: WorkerFailed, article_id: str) -> Exception:
        settings = self._settings
        if failure.kind == "timeout":
            wording = f"article {article_id}: it took longer than {settings.text_timeout_s:g} s"
            return LimitExceeded(wording, stage="extract", reason="text_timeout")
        if failure.kind == "memory":
            wording = f"article {article_id}: it took more than {settings.text_memory_mb} MB"
            return LimitExceeded(wording, stage="extract", reason="text_memory")
        if failure.kind == "died":
            wording = (
                f"article {article_id}: the process that read it ended twice; it crashed, or the machine had"
                " no memory left"
            )
            return PoisonError(wording, stage="extract", reason="text_crash")
        return ExtractionFailed(failure.traceback)
