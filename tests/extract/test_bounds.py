"""No article holds up the rest: bounds on word pieces, time and memory, a loop that turns meanwhile, and a
stop that is obeyed."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.events import Article, Document
from services.chassis import cloudevents
from services.chassis.errors import LimitExceeded, PoisonError
from services.chassis.log.open import open_log
from services.chassis.log.topics import declared
from services.chassis.log.types import Message
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import ExtractSettings, Settings
from services.chassis.stage import StageLoop, read_dead_letter
from services.extract import articles, worker
from services.extract.articles import ArticleReader
from services.extract.extract import Extractor, events
from services.extract.service import ExtractService, build
from tests.extract.conftest import MakeArticle
from tests.support.log import everything
from tests.support.patience import PATIENCE_S, until

SENTENCE = (
    "Minister Ada Lee told Bob Roe on Friday that the bridge in the north of the town will open in March. "
)
LONG = SENTENCE * 3_900
"""393,000 characters, 90,000 word pieces: within every bound, and a quarter of a minute's work or more."""
HOSTILE = {
    "commas": ",",
    "mostly commas": "word,,,,,,,,,,",
    "quotation marks": "“”",
    "typewriter quotes": '"',
    "brackets": "([",
    "full stops": ".",
    "one-letter names": "A. B. said. ",
    "marks of direction": "\u202ea, ",
    "digits": "1 ",
    "said": "He said. ",
}
"""Of some of these, 400,000 characters are three times as many word pieces as the network may read."""


@pytest.fixture
def reader() -> Iterator[ArticleReader]:
    made = ArticleReader(ExtractSettings(text_timeout_s=PATIENCE_S))
    yield made
    made.close()


def nothing() -> None:
    """A parent that waits."""


@contextmanager
def running(
    tmp_path: Path, sent: list[Article], **extract: object
) -> Iterator[tuple[Context, ExtractService]]:
    settings = Settings(
        log={"path": tmp_path / "log.db", "partitions": 1}, stage={"poll_timeout_s": 0.05}, extract=extract
    )
    with open_log(settings, Metrics(), "extract") as log:
        log.create_topics(declared(1))
        context = Context(settings, log, Metrics())
        service = build(context)
        with log.producer("test") as producer:
            producer.append([cloudevents.encode(one, source="/test") for one in sent])
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            yield context, service
        finally:
            context.stop.set()
            thread.join()


@pytest.mark.parametrize(
    "unit",
    [HOSTILE[name] for name in ("commas", "quotation marks", "typewriter quotes", "brackets", "digits")],
)
def test_more_word_pieces_than_the_network_may_read_are_refused_before_it_does(
    extractor: Extractor, article: MakeArticle, unit: str
) -> None:
    started = time.process_time()
    with pytest.raises(LimitExceeded, match=r"article art-1: \d+ word pieces, the limit is 120000") as caught:
        extractor.extract(article(unit * (399_000 // len(unit))))
    assert (caught.value.stage, caught.value.reason) == ("extract", "text_tokens")
    assert time.process_time() - started < 20.0, "the network would have read for minutes"


def test_in_another_process_the_same_bytes_come_out(
    reader: ArticleReader, extractor: Extractor, article: MakeArticle, sample: str
) -> None:
    for one in (
        article(sample),
        article("Regen."),
        article(f"<body><article><p>{SENTENCE * 3}</p>", content_type="text/html"),
    ):
        found = reader.read(one, nothing)
        expected = [event.encode() for event in events(extractor.extract(one))]
        assert [event.encode() for event in (found.document, *found.quotes, *found.claims)] == expected


def test_399_000_characters_of_commas_are_a_dead_letter_and_the_next_article_goes_through(
    tmp_path: Path, article: MakeArticle
) -> None:
    sent = [article("word," + "," * 398_000, article_id="hostile"), article(SENTENCE, article_id="good")]
    with running(tmp_path, sent) as (context, _):
        until(lambda: everything(context.log, Document.topic), "the good article")
        [letter] = everything(context.log, Article.topic + ".dlq")
        assert read_dead_letter(letter).reason == "text_tokens"


def test_an_article_that_takes_too_long_is_a_dead_letter_and_the_next_one_goes_through(
    tmp_path: Path, article: MakeArticle
) -> None:
    sent = [article(LONG, article_id="slow"), article(SENTENCE, article_id="good")]
    with running(tmp_path, sent, text_timeout_s=5.0) as (context, _):
        until(lambda: everything(context.log, Document.topic), "the good article")
        [letter] = everything(context.log, Article.topic + ".dlq")
        told = read_dead_letter(letter)
        assert (told.stage, told.reason) == ("extract", "text_timeout")
        assert told.error_message == "article slow: it took longer than 5 s"


def test_while_an_article_is_read_the_loop_turns_and_a_stop_is_obeyed(
    tmp_path: Path, article: MakeArticle
) -> None:
    with running(tmp_path, [article(LONG)]) as (context, service):

        def loop() -> StageLoop[Message]:
            assert service._loop is not None, "it comes with the run"
            return service._loop

        until(
            lambda: (
                service._loop
                and context.metrics.registry.get_sample_value("onrecord_in_flight", {"service": "extract"})
            ),
            "the article",
        )
        turns: set[float] = set()
        until(lambda: turns.add(loop().turned_at) or len(turns) >= 4, "the loop to turn")  # type: ignore[func-returns-value]
        assert not everything(context.log, Document.topic), "it was read before anything could be seen"
        asked = time.monotonic()
        context.stop.set()
        until(lambda: service._reader._worker.pid is None, "the end")
        assert time.monotonic() - asked < 20.0
    with open_log(context.settings, Metrics(), "extract") as log:
        assert not everything(log, Document.topic)
        assert not log.committed("onrecord-extract").get(everything(log, Article.topic)[0].tp), (
            "it must be read again"
        )


def crashing(argument: str) -> Callable[[bytes], bytes]:
    """Stands in for a crash in a library, which nobody can order."""
    work = worker.build(argument)

    def read(request: bytes) -> bytes:
        if b"crash" in request:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"fill" in request:
            return b"x" * (1 << 31)
        return work(request)

    return read


def test_a_crash_and_a_full_memory_cost_one_article_each(
    monkeypatch: pytest.MonkeyPatch, article: MakeArticle
) -> None:
    monkeypatch.setattr(articles, "_WORKER", f"{__name__}:crashing")
    reader = ArticleReader(ExtractSettings(text_timeout_s=PATIENCE_S))
    try:
        for word, reason in (("crash", "text_crash"), ("fill", "text_memory")):
            with pytest.raises(PoisonError, match="article art-1: ") as caught:
                reader.read(article(word), nothing)
            assert (caught.value.stage, caught.value.reason) == ("extract", reason)
            assert reader.read(article(SENTENCE), nothing).document.text == SENTENCE.strip()
    finally:
        reader.close()


def peak_mb(reader: ArticleReader) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{reader._worker.pid}/status").read_text())
    assert found
    return int(found.group(1)) // 1024


def test_memory_stays_within_what_a_container_has(reader: ArticleReader, article: MakeArticle) -> None:
    with pytest.raises(LimitExceeded):
        reader.read(article("," * 399_000), nothing)
    assert peak_mb(reader) < 500, "the worst that is refused"
    reader.read(article("Lee said " + "," * 119_000), nothing)
    assert peak_mb(reader) < 500, "the worst that is read"
