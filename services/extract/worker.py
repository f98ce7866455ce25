"""The process that reads articles for :mod:`services.extract.articles`: holds the model, runs the core."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

import structlog

from schemas.events import Article
from services.chassis.errors import LimitExceeded, PoisonError, SettingsError, TransientError
from services.chassis.settings import ExtractSettings
from services.extract.articles import Answer, Model, Reading, Refused
from services.extract.extract import Extractor, Limits
from services.extract.tagger import ModelBroken, StandIn, Tagger
from services.extract.text import language
from services.extract.text.html import HtmlLimits

logger = structlog.get_logger()


def load_tagger(settings: ExtractSettings) -> Tagger | StandIn:
    """The tagger of the settings.

    Raises:
        SettingsError: the model folder is incomplete or broken.
    """
    if settings.tagger == "stand-in":
        logger.error("the stand-in tagger is for tests: most quotes and claims will be missed")
        return StandIn()
    try:
        return Tagger.load(settings.model_dir, settings.threads)
    except (ModelBroken, OSError, ValueError) as error:
        raise SettingsError([f"ONRECORD_EXTRACT__MODEL_DIR: {' '.join(str(error).split())}"]) from error


def limits(settings: ExtractSettings) -> Limits:
    """The settings as the core's limits."""
    html = HtmlLimits(settings.html_timeout_s, settings.html_memory_mb, settings.html_max_tags)
    return Limits(max_text_chars=settings.max_text_chars, max_tokens=settings.max_tokens, html=html)


def build(argument: str) -> Callable[[bytes], bytes]:
    """The function that answers an article's JSON with an :class:`Answer`. ``argument``: the settings of
    extract as JSON.

    Raises:
        SettingsError: the model folder is incomplete or broken, or there is no room for the language
            detector's model.
    """
    settings = ExtractSettings.model_validate_json(argument)
    tagger = load_tagger(settings)
    try:
        language.load()
    except OSError as error:
        folder = tempfile.gettempdir()
        raise SettingsError(
            [f"{folder}: the language detector's model cannot be unpacked there ({error}); it needs 70 MB"]
        ) from error
    steps: list[tuple[str, float]] = []
    extractor = Extractor(
        tagger, limits(settings), observe=lambda step, seconds: steps.append((step, seconds))
    )
    model = Model(name=tagger.name, version=tagger.version, sha256=tagger.model_sha256)

    def work(request: bytes) -> bytes:
        if not request:
            return _encoded(Answer(model=model))
        steps.clear()
        try:
            found = extractor.extract(Article.read(request))
        except PoisonError as error:
            kind = "limit" if isinstance(error, LimitExceeded) else "poison"
            return _encoded(
                Answer(refused=Refused(kind=kind, message=str(error), stage=error.stage, reason=error.reason))
            )
        except TransientError as error:
            return _encoded(Answer(refused=Refused(kind="transient", message=str(error))))
        reading = Reading(
            document=found.document,
            quotes=found.quotes,
            claims=found.claims,
            steps=tuple(steps),
            tokens=found.tokens,
        )
        return _encoded(Answer(reading=reading))

    return work


def _encoded(answer: Answer) -> bytes:
    return answer.model_dump_json().encode()
