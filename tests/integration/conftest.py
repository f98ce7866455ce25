"""Articles and the embedded record that every other way of running must equal."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.embedded import SAMPLES
from tests.support.pipeline import Pipeline

Record = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample articles, one file each."""
    folder = tmp_path_factory.mktemp("articles")
    for file in sorted(SAMPLES.glob("*.txt")):
        shutil.copy(file, folder)
    assert len(list(folder.iterdir())) >= 21
    return folder


@pytest.fixture(scope="session")
def embedded(
    articles: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pipeline, Record, str]]:
    """The articles run embedded, its record, and what the run printed."""
    with Pipeline(tmp_path_factory.mktemp("embedded"), {}) as pipeline:
        done = pipeline.onrecord("run", "--no-serve", str(articles))
        yield pipeline, pipeline.record(), done.stdout


@pytest.fixture
def pipeline_at(tmp_path: Path) -> Iterator[Callable[..., Pipeline]]:
    """Makes pipelines that are gone after the test."""
    made: list[Pipeline] = []

    def make(**variables: str) -> Pipeline:
        made.append(Pipeline(tmp_path / f"pipeline-{len(made)}", variables))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.kill()
