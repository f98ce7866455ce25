"""``onrecord dlq``: what a person reads while looking at dead letters and putting them back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from services.chassis.errors import PoisonError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared, dlq_of
from services.chassis.log.types import Message, Record
from services.chassis.stage.dead_letters import REPLAY_COUNT, dead_letter
from services.cli.main import main

TOPIC = "onrecord.articles"
REASONS = ("not_json", "schema", "too_deep")

Said = tuple[int, str, str]
"""Exit code, standard output, standard error."""


def letter(number: int, reason: str, record: Record | None = None) -> Message:
    original = record or Record(
        TOPIC, 0, number, 1_700_000_000_000, b"art-%d" % number, b"value %d" % number, (("stage", b"mine"),)
    )
    return dead_letter(
        original,
        PoisonError(f"art-{number}: {reason}", stage="decode", reason=reason),
        group="onrecord-extract",
    )


@pytest.fixture
def onrecord(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """The command on a log with twenty letters of three reasons."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONRECORD_LOG__PATH", str(tmp_path / "log.db"))
    with SqliteLog(tmp_path / "log.db") as log:
        log.create_topics(declared(2))
        with log.producer("test") as producer:
            producer.append([letter(number, REASONS[number % 3]) for number in range(20)])

    def run(*words: str) -> Said:
        monkeypatch.setattr("sys.argv", ["onrecord", "dlq", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def write(path: Path, *messages: Message) -> None:
    with SqliteLog(path / "log.db") as log, log.producer("test") as producer:
        producer.append(messages)


def places(listed: str) -> list[str]:
    return [line.split()[0] for line in listed.splitlines() if line.strip().startswith("0:")]


def test_what_is_left_out_stays_at_its_place(onrecord: Callable[..., Said]) -> None:
    before = places(onrecord("list")[1])
    assert len(before) == 20
    assert (
        onrecord("replay", "--reason", "schema", "--dry-run")[1]
        == "7 would be replayed, 13 left as they are\n"
    )
    assert onrecord("replay", "--reason", "schema")[1] == "7 replayed, 13 left as they are\n"
    code, listed, count = onrecord("list")
    assert (code, count) == (0, "13 dead letters\n")
    assert places(listed) == [place for place in before if int(place.removeprefix("0:")) % 3 != 1]
    assert onrecord("replay", "--reason", "not_json", "--max", "1")[1] == "1 replayed, 12 left as they are\n"


def test_a_filter_that_finds_nothing_says_what_there_is(onrecord: Callable[..., Said]) -> None:
    told = "by reason there are: not_json (7), schema (7), too_deep (6)"
    for words in (("list",), ("replay",), ("purge", "--yes")):
        assert told in onrecord(*words, "--reason", "not_jsn")[2]


def test_show_prints_the_original_and_why_it_failed(onrecord: Callable[..., Said]) -> None:
    found = json.loads(onrecord("show", "0:4")[1])
    assert (found["stage"], found["reason"], found["message"]) == ("decode", "schema", "art-4: schema")
    assert (found["key"], found["value"], found["headers"]) == ("art-4", "value 4", [["stage", "mine"]])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "four"), "four: give partition:offset, as `onrecord dlq list` prints it"),
        (
            ("show", "0:99"),
            "onrecord.articles.dlq 0:99: no such record; `onrecord dlq list` shows those there are",
        ),
        (("show", "7:0"), "onrecord.articles.dlq has 1 partitions, there is no partition 7"),
        (
            ("list", "--topic", "articles"),
            (
                "--topic articles: there is no topic articles.dlq; give one of onrecord.articles,"
                " onrecord.claims"
            ),
        ),
    ],
)
def test_errors_name_what_was_given_and_what_to_do(
    onrecord: Callable[..., Said], words: tuple[str, ...], told: str
) -> None:
    code, _, said = onrecord(*words)
    assert code == 1
    assert told in said


def test_a_mark_is_not_shown_as_a_letter(onrecord: Callable[..., Said]) -> None:
    onrecord("purge", "--yes", "--reason", "schema")
    code, _, said = onrecord("show", "0:20")
    assert code == 1
    assert "no dead letter, but the mark that others were replayed or purged" in said


def test_what_stays_after_a_replay_is_explained(onrecord: Callable[..., Said], tmp_path: Path) -> None:
    tired = Record(TOPIC, 0, 30, 1, b"art-30", b"again", ((REPLAY_COUNT, b"3"),))
    refused = Record(TOPIC, -1, -1, 1, b"lines.jsonl line 2", None)
    write(
        tmp_path,
        letter(30, "schema", tired),
        letter(31, "too_large", refused),
        Message(dlq_of(TOPIC), b"k", b"of a stranger"),
    )
    first, second, third = onrecord("replay")[1].splitlines()
    assert first == "20 replayed, 0 left as they are"
    assert second.startswith("1 failed again after 3 replays and stay")
    assert third.startswith("2 cannot be replayed and stay: input that ingest refused")
    _, listed, count = onrecord("list")
    assert count == "3 dead letters\n"
    assert "unreadable" in listed
    [stranger] = [line.split()[0] for line in listed.splitlines() if "unreadable" in line]
    assert json.loads(onrecord("show", stranger)[1])["value"] == "of a stranger"


def test_purge_asks_how_many_and_which(
    onrecord: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str, *, abort: bool) -> None:
        asked.append(question)

    monkeypatch.setattr("typer.confirm", answer)
    assert onrecord("purge", "--reason", "too_deep")[1] == "6 purged, 14 left as they are\n"
    [question] = asked
    assert question.startswith("Purge 6 dead letters of onrecord.articles.dlq, and leave 14?")
    assert onrecord("list")[2] == "14 dead letters\n"


def test_letters_of_strangers_steer_no_terminal(onrecord: Callable[..., Said], tmp_path: Path) -> None:
    hostile = Record(TOPIC, 0, 40, 1, b"[/red]\x1b[31mkey", b"x")
    write(tmp_path, letter(40, "bad\x1b]0;title\x07[/bold]", hostile))
    code, listed, _ = onrecord("list")
    assert code == 0
    assert "\x1b" not in listed
    assert "[/red] [31mkey" in listed
