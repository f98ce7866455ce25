"""``onrecord extract`` as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = r'<html><meta charset="unicode_escape"><body><p>“Fine by \ud800 me,” Anna Lee said.</p></body></html>'


def extract(*paths: Path | str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **{f"ONRECORD_{name}": value for name, value in variables.items()}}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "extract", "--json", *paths],
        env=environment,
        capture_output=True,
        check=False,
    )


def test_bad_files_are_told_and_the_others_printed(tmp_path: Path) -> None:
    page, junk, odd, empty = (
        tmp_path / "a.html",
        tmp_path / "b.txt",
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/c\xe9.txt")),
        tmp_path / "d",
    )
    page.write_text(PAGE, encoding="utf-8")
    junk.write_bytes(bytes(range(256)))
    odd.write_text("“We will not go,” Anna Lee said.", encoding="utf-8")
    empty.mkdir()
    done = extract(junk, tmp_path / "missing", empty, page, odd)
    printed = [json.loads(line) for line in done.stdout.decode().splitlines()]
    told = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert [article["path"] for article in printed] == [str(page), f"{tmp_path}/c\ufffd.txt"]
    assert printed[1]["quotes"]
    assert [line.split(": ")[1] for line in told] == [str(junk), str(tmp_path / "missing"), str(empty)]


def test_what_is_second_hand_is_printed_with_whose_words_it_stands_in(tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text(
        "Bill Roe said that Mary Poe had told reporters that taxes would rise in May.", encoding="utf-8"
    )
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "extract", article],
        env=environment,
        capture_output=True,
        check=True,
    )
    outer, inner = done.stdout.decode().splitlines()[1:]
    assert "within" not in outer
    assert inner.startswith("Mary Poe")
    assert inner.endswith("taxes would rise in May (within what Bill Roe said)")


def test_a_rule_can_be_left_out_by_its_name(tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text(
        "“We will not go,” said Anna Lee, the mayor. She said that it was over.", encoding="utf-8"
    )

    def speakers(*rules: str) -> list[str]:
        options = [option for rule in rules for option in ("--without", rule)]
        [line] = extract(article, *options).stdout.decode().splitlines()
        return [claim["claimant"]["name"] for claim in json.loads(line)["claims"]]

    assert speakers("offices", "plurals") == ["Anna Lee"]
    assert speakers("offices", "pronouns") == ["She"]
    done = extract(article, "--without", "nonsense")
    assert done.returncode == 2
    assert "no rule is named nonsense; there are: turns, posts, " in " ".join(
        done.stderr.decode().replace("│", " ").split()
    )


@pytest.mark.parametrize("broken", ["model.json", "model.onnx", "tokenizer.json", None])
def test_a_model_folder_that_is_none_is_one_line_and_exit_code_2(tmp_path: Path, broken: str | None) -> None:
    shipped = Path(__file__).parents[2] / "services" / "extract" / "model"
    folder = tmp_path / "model"
    if broken is not None:
        folder.mkdir()
        for name in ("model.json", "model.onnx", "tokenizer.json"):
            (folder / name).symlink_to(shipped / name)
        (folder / broken).unlink()
        (folder / broken).write_bytes(b"{broken")
    done = extract(tmp_path, EXTRACT__MODEL_DIR=str(folder))
    assert done.returncode == 2
    [line] = done.stderr.decode().splitlines()
    assert line.startswith("onrecord: ONRECORD_EXTRACT__MODEL_DIR: ")
    assert broken is None or broken in line
    assert done.stdout == b""
