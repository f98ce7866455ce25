"""The pages in a real browser: what it builds from them, what they look like to it, and that nothing of them
runs."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import html

from services.chassis.log.sqlite import SqliteLog
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import load
from services.query.service import build
from services.query.text import segment
from tests.support.chromium import CHROMIUM
from tests.support.patience import PATIENCE_S
from tests.support.reading import HOSTILE_ID, LEE, fill, sample
from tests.support.serving import serving

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
TRIES = 3
"""A cold browser on a loaded machine takes tens of seconds, and may end, or hang, before it has come to the
page."""

HEIGHT = 480
"""Of the pictures, in pixels: enough to see headings, forms and a highlighted line; undoing PNG in Python
takes a second for these."""

PATHS = {
    "actors": "/",
    "actor": f"/actors/{LEE}",
    "newest": "/newest",
    "api": "/api",
    "articles": "/articles",
    "article": "/articles/art-bridge",
    "hostile": f"/articles/{segment(HOSTILE_ID)}",
    "search": "/search?q=bridge",
    "nothing": "/search?q=zebra",
    "misspelt": "/search?q=brigde",
    "mistake": "/search?q=(bridge",
    "method": "/method",
    "missing": "/actors/person:nobody",
}

Browse = Callable[..., bytes]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("browser")
    url = f"sqlite:///{folder / 'record.db'}"
    fill(url, sample())
    with SqliteLog(folder / "log.db") as log:
        given = Context(load(store={"url": url}, query={"port": 0}), log, Metrics())
        with serving(build(given), given.stop) as found:
            yield found


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Runs the browser on an address and returns what it prints."""
    if CHROMIUM is None:
        pytest.skip("no browser: install Debian's package `chromium` to see the pages in one")

    def run(*arguments: str) -> bytes:
        failures = []
        for number in range(TRIES):
            command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / f'profile-{number}'}", *arguments]
            try:
                return subprocess.run(
                    command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PATIENCE_S, check=True
                ).stdout
            except subprocess.SubprocessError as error:
                failures.append(str(error))
        pytest.fail("\n".join(failures))

    return run


@pytest.mark.parametrize("name", PATHS)
def test_the_browser_builds_the_page(browse: Browse, address: str, name: str) -> None:
    tree = html.fromstring(browse("--dump-dom", address + PATHS[name]).decode())
    # a page the parser had to mend would have lost or moved its landmarks
    assert [element.tag for element in tree.xpath("/html/body/*")] == ["a", "header", "main", "footer"]
    assert tree.xpath("//main//h1")
    # one file of ours, on the page that changes by itself; nothing else could run
    assert tree.xpath("//script/@src") == (["/static/live.js"] if name == "newest" else [])
    assert not tree.xpath("//script[not(@src)]")
    if name == "search":
        assert tree.xpath("//mark[@class='hit']/text()") == ["bridge"] * 3
        assert tree.xpath("//section[@aria-labelledby='facets']//h3/text()") == [
            "Who said it",
            "Outlets",
            "Kinds",
            "Stances",
            "Months",
        ]
        assert "Northern Post" in tree.xpath("//datalist[@id='outlets']/option/@value")
    if name == "misspelt":
        assert tree.xpath("//main//a[@href='/search?q=bridge']")
    if name == "mistake":
        assert "parenthesis is open" in tree.xpath("//*[@role='alert']")[0].text_content()
    if name == "hostile":
        assert tree.xpath("//title/text()") == ["<script>document.title='owned'</script> · onrecord"], (
            "the script ran"
        )
        assert (
            "<script>alert('x')</script>"
            in tree.xpath("//div[contains(@class, 'article')]")[0].text_content()
        )


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("actors", 360, "light"), ("actors", 1000, "dark"), ("actor", 360, "dark"), ("article", 360, "light"), ("article", 1000, "dark"),
        ("search", 390, "light"), ("search", 1000, "dark"),
    ],
)  # fmt: skip
def test_the_page_is_painted_in_both_schemes_and_widths(
    browse: Browse, address: str, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    picture = tmp_path / "page.png"
    # Chromium's own numbering: 0 dark, 1 light
    preferred = f"--blink-settings=preferredColorScheme={'0' if scheme == 'dark' else '1'}"
    browse(f"--screenshot={picture}", f"--window-size={width},{HEIGHT}", preferred, address + PATHS[name])
    pixels = Pixels(picture.read_bytes())
    assert pixels.width == width
    ground = (0x16, 0x16, 0x14) if scheme == "dark" else (0xFB, 0xFA, 0xF8)
    # the style sheet is applied, and nothing stands out of the window: its right edge is ground from top to
    # bottom
    assert {pixels.at(width - 2, y) for y in range(110, HEIGHT)} == {ground}
    assert len({pixels.at(x, y) for x in range(0, width, 3) for y in range(0, HEIGHT, 3)}) > 10, (
        "the page is not blank"
    )


class Pixels:
    """The pixels of a PNG of 8-bit RGB or RGBA, as Chromium writes it."""

    def __init__(self, data: bytes) -> None:
        self.width, self.height, depth, colour = struct.unpack(">IIBB", data[16:26])
        assert (depth, colour in (2, 6)) == (8, True)
        self._size = 3 if colour == 2 else 4
        at, packed = 8, b""
        while at < len(data):
            (length,) = struct.unpack(">I", data[at : at + 4])
            if data[at + 4 : at + 8] == b"IDAT":
                packed += data[at + 8 : at + 8 + length]
            at += length + 12
        self._rows = self._unfilter(zlib.decompress(packed))

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green and blue."""
        start = x * self._size
        red, green, blue = self._rows[y][start : start + 3]
        return red, green, blue

    def _unfilter(self, raw: bytes) -> list[bytes]:
        size, stride = self._size, self.width * self._size
        rows: list[bytes] = []
        above = bytes(stride)
        for y in range(self.height):
            start = y * (stride + 1)
            kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
            for i in range(stride if kind else 0):
                left = row[i - size] if i >= size else 0
                corner = above[i - size] if i >= size else 0
                row[i] = (row[i] + _predict(kind, left, above[i], corner)) & 0xFF
            above = bytes(row)
            rows.append(above)
        return rows


def _predict(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))
