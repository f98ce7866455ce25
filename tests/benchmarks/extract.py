"""Speed of ``extract()`` beside the bare network: ``python -m tests.benchmarks.extract``.

Articles of about 700 words are made of the samples' paragraphs. The whole extraction and bare runs of the
network over the very windows it reads take turns article by article, on one thread, and processor time is
counted, so that a busy machine slows both alike. Compare figures of one run only.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import onnxruntime

from schemas.events import Article
from services.embedded import SAMPLES
from services.extract.extract import Extractor
from services.extract.tagger import Tagger
from services.extract.tagger.network import Network

WORDS = 700

Feed = Mapping[str, npt.NDArray[np.int64]]


def texts(words: int = WORDS) -> list[str]:
    """Texts of about ``words`` words each, the samples' paragraphs in order; what is left at the end is
    dropped."""
    made: list[str] = []
    paragraphs: list[str] = []
    count = 0
    for file in sorted(SAMPLES.glob("*.txt")):
        for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
            more = len(paragraph.split())
            if abs(count + more - words) > abs(count - words):
                made.append("\n\n".join(paragraphs))
                paragraphs, count = [], 0
            paragraphs.append(paragraph)
            count += more
    return made


def article(text: str) -> Article:
    """``text`` as an English article."""
    arrived = datetime(2026, 1, 1, tzinfo=UTC)
    return Article(
        article_id="bench",
        content_type="text/plain",
        content=text,
        origin="bench",
        language="en",
        fetched_at=arrived,
    )


class Recorder:
    """Stands around an inference session: keeps what it is fed and how long it took."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self.session = session
        self.fed: list[tuple[Sequence[str], Feed]] = []
        self.seconds = 0.0

    def run(self, names: Sequence[str], feed: Feed) -> Sequence[npt.NDArray[np.float32]]:
        """Run the session."""
        self.fed.append((names, feed))
        started = time.process_time()
        answers: Sequence[npt.NDArray[np.float32]] = self.session.run(names, feed)
        self.seconds += time.process_time() - started
        return answers

    def again(self) -> None:
        """Run everything the session was fed since the last reset once more, and nothing else."""
        for names, feed in self.fed:
            self.session.run(names, feed)

    def reset(self) -> None:
        """Forget what was fed."""
        self.fed, self.seconds = [], 0.0


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time ``work`` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.extract", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        help="times every article is read; medians are of rounds (default: 5)",
    )
    options = parser.parse_args(arguments)
    steps: defaultdict[str, float] = defaultdict(float)
    begun: dict[str, float] = {}

    def observe(step: str, _wall: float) -> None:
        now = time.process_time()
        steps[step] += now - begun["at"]
        begun["at"] = now

    tagger = Tagger.load()
    network: Network = tagger._network
    recorder = Recorder(network._session)
    network._session = recorder
    articles = [article(text) for text in texts()]
    whole: list[float] = []
    bare: list[float] = []
    inside: list[float] = []
    words = sum(len(item.content.split()) for item in articles)
    pieces = sum(tagger.tokens(item.content) for item in articles)
    read, windows = 0, 0
    with Extractor(tagger, observe=observe) as extractor:
        for item in articles[:3]:  # everything that is loaded once is loaded
            begun["at"] = time.process_time()
            extractor.extract(item)
        for number in range(options.rounds):
            if number == 0:
                steps.clear()
            sums: list[float] = [0.0, 0.0, 0.0]
            read, windows = 0, 0
            for item in articles:
                recorder.reset()
                begun["at"] = time.process_time()
                sums[0] += timed(lambda item=item: extractor.extract(item))  # type: ignore[misc]
                sums[2] += recorder.seconds
                sums[1] += timed(recorder.again)
                read += sum(int(feed["ids"].size) for _, feed in recorder.fed)
                windows += len(recorder.fed)
            for figures, total in zip((whole, bare, inside), sums, strict=True):
                figures.append(total / len(articles))
    of_whole, of_bare, of_inside = (statistics.median(figures) for figures in (whole, bare, inside))
    ratio = statistics.median(first / second for first, second in zip(whole, bare, strict=True))
    count = len(articles)
    print(f"{count} articles of {words / count:.0f} words, {pieces / count:.0f} pieces")
    print(f"the network reads {read / count:.0f} pieces in {windows / count:.1f} windows")
    print(f"extract()        {1 / of_whole:6.2f} articles/s {1000 * of_whole:7.1f} ms")
    print(
        f"bare network     {1 / of_bare:6.2f} articles/s {1000 * of_bare:7.1f} ms"
        f" {read / count / of_bare:7.0f} pieces/s"
    )
    print(f"extract() takes {ratio:.3f} times the bare network")
    print("of extract(), ms an article:")
    print(f"  {'network':14}{1000 * of_inside:7.2f}")
    total = count * options.rounds
    for step, seconds in steps.items():
        spent = 1000 * seconds / total - (1000 * statistics.mean(inside) if step == "tag" else 0)
        print(f"  {'tag, the rest' if step == 'tag' else step:14}{spent:7.2f}")
    print(f"  {'events':14}{1000 * (statistics.mean(whole) - sum(steps.values()) / total):7.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
