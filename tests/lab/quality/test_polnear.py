"""Reading brat standoff: every trap of the public corpus, on an invented article."""

from pathlib import Path

import pytest

from lab.quality.__main__ import main
from lab.quality.polnear import CorpusMissing, read_polnear
from services.extract.types import Range

TEXT = "The ministry said the bridge will reopen in May.\r\n“Late,” Ünal added, “but safe.”\r\n"


def place(words: str) -> str:
    start = TEXT.index(words)
    return f"{start} {start + len(words)}"


def annotation() -> str:
    return "\n".join(
        [
            f"T1\tSource {place('The ministry')}\tThe ministry",
            f"T2\tCue {place('said')}\tsaid",
            f"T3\tContent {place('the bridge will reopen in May')}\tthe bridge will",
            "reopen in May",  # the text column can hold a newline
            f"T4\tAttribution {place('said')}\tsaid",
            "E1\tAttribution:T4 Content:T3 Cue:T2 Source:T1",
            f"T5\tContent {place('“Late,”')};{place('“but')}\t“Late,” “but",
            f"T6\tContent2 {place('safe.”')}\tsafe.”",
            f"T7\tCue {place('added')}\tadded",
            f"T8\tAttribution-no-source {place('added')}\tadded",
            "E2\tAttribution-no-source:T8 Cue:T7 Content:T5 Content2:T6",
            f"T9\tDiscuss {place('May')}\tMay",
            f"T10\tDiscard {place('Ünal')}\tÜnal",
            "E3\tAttribution:T4 Source:T1 Cue:T2",  # no content: not an attribution
            "#1\tAnnotatorNotes T1\tunsure",
        ]
    )


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    split = tmp_path / "data" / "dev"
    (split / "text").mkdir(parents=True)
    (split / "attributions").mkdir()
    (split / "text" / "outlet_2016-09-12_a_b.txt").write_bytes(TEXT.encode())
    (split / "text" / "unannotated.txt").write_text("Nothing here.")
    (split / "attributions" / "outlet_2016-09-12_a_b_aaaa.ann").write_bytes(annotation().encode())
    (split / "attributions" / "outlet_2016-09-12_a_b_bbbb.ann").write_text("")  # a second annotator
    return tmp_path


def test_traps(corpus: Path) -> None:
    (article,) = read_polnear(corpus, "dev")
    assert article.name == "outlet_2016-09-12_a_b"
    assert article.text == TEXT  # carriage returns kept
    assert article.annotators == 2
    words = [[TEXT[part.start : part.end] for part in item.content] for item in article.attributions]
    assert words == [["the bridge will reopen in May"], ["“Late,”", "“but", "safe.”"]]
    assert article.attributions[0].source == (Range(0, 12),)
    assert article.attributions[1].source == ()


@pytest.mark.parametrize("folder", ["", "data"])
def test_the_corpus_may_be_named_by_its_root_or_its_data_folder(corpus: Path, folder: str) -> None:
    assert len(list(read_polnear(corpus / folder, "dev"))) == 1


def test_a_missing_split_is_named(corpus: Path) -> None:
    with pytest.raises(CorpusMissing, match="'test'"):
        list(read_polnear(corpus, "test"))


@pytest.mark.parametrize("arguments", [[], ["--corpus", "nowhere"]])
def test_without_a_corpus_one_line_says_what_to_pass(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CORPUS", raising=False)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "CORPUS=" in said.err
