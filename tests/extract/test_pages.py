"""Real pages, on machines that have some: ``TEST_PAGES=folder`` with ``*.html`` or ``*.html.gz``. They are
never committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.extract.cli_json import read_article
from services.extract.extract import Extractor
from tests.extract.test_extract import check

FOLDER = os.environ.get("TEST_PAGES")


@pytest.mark.skipif(
    not FOLDER, reason="no real pages: name a folder of news pages (*.html, *.html.gz) in TEST_PAGES"
)
def test_real_pages_are_read_and_most_of_them_speak(extractor: Extractor) -> None:
    pages = sorted(Path(FOLDER or "").glob("*.html*"))
    assert pages, f"TEST_PAGES names a folder without pages: {FOLDER}"
    speaking = 0
    for path in pages:
        found = extractor.extract(read_article(path))
        check(found)
        assert found.document.title, path.name
        assert len(found.document.text) > 500, path.name
        speaking += bool(found.quotes)
    assert speaking >= 0.8 * len(pages)
