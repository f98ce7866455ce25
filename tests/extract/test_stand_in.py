"""The tagger's stand-in: real quotes and claims through the real rest of extraction, and nobody takes it for
the model."""

from __future__ import annotations

import datetime as dt

import structlog

from schemas.events import Article
from services.chassis.settings import ExtractSettings
from services.extract.extract import Extractor
from services.extract.tagger import StandIn, Tagger
from services.extract.worker import load_tagger

TEXT = (
    "Report 7\n\n“The bridge will reopen in May,” said Maria Keller, the mayor. The council met.\n\n"
    "John Adeyemi said that the price had risen by 7 percent since March.\n"
)


def article(text: str) -> Article:
    return Article(
        article_id="a", content_type="text/plain", content=text, language="en", origin="test",
        fetched_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )  # fmt: skip


def test_it_finds_plain_speech() -> None:
    with Extractor(StandIn()) as extractor:
        found = extractor.extract(article(TEXT))
        assert found == extractor.extract(article(TEXT))
    assert [(quote.speaker.actor_id, quote.text) for quote in found.quotes] == [
        ("person:maria-keller", "The bridge will reopen in May,")
    ]
    assert [(claim.claimant.actor_id, claim.text) for claim in found.claims] == [
        ("person:john-adeyemi", "the price had risen by 7 percent since March")
    ]


def test_a_document_says_that_it_was_not_the_model() -> None:
    with Extractor(StandIn()) as extractor:
        found = extractor.extract(article(TEXT))
    assert found.document.extractor.model_sha256 == StandIn.model_sha256 != Tagger.load().model_sha256


def test_it_is_chosen_by_a_setting_and_said_at_error_level() -> None:
    with structlog.testing.capture_logs() as lines:
        assert isinstance(load_tagger(ExtractSettings(tagger="stand-in")), StandIn)
    assert [line["log_level"] for line in lines] == ["error"]
    with structlog.testing.capture_logs() as lines:
        assert isinstance(load_tagger(ExtractSettings()), Tagger)
    assert lines == []
