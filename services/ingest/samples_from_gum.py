"""Makes the sample articles from GUM's Wikinews texts: ``python -m services.ingest.samples_from_gum
GUM_FOLDER OUT_FOLDER``.

GUM (https://github.com/amir-zeldes/gum, ``dep/GUM_news_*.conllu``) annotates Wikinews articles. The raw text
is put together again from its tokens: ``SpaceAfter=No`` joins words, ``newpar`` starts a paragraph. Each file
begins with the title, the address and the date, in the form the plain-text reader understands.
``ATTRIBUTION.md`` names every source, as the licences ask.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

_META = re.compile(r"# meta::(\w+) = (.*)")
_RANGE_OR_EMPTY = re.compile(r"\d+[-.]\d+")

_ATTRIBUTION = """# Sources of the sample articles

`lavrov.txt` is the project's own sample article. Its title is ours; it is dated by the Friday it speaks of; its outlet is not known.

All other files are news articles of [Wikinews](https://en.wikinews.org/), written by Wikinews contributors and published under
[CC BY 2.5](https://creativecommons.org/licenses/by/2.5/). Their texts were taken from
[GUM, the Georgetown University Multilayer corpus](https://github.com/amir-zeldes/gum) (Zeldes 2017, *Language Resources and Evaluation*
51(3), 581-612), whose annotations are published under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).

Changes: the texts were put together again from GUM's tokens and paragraph marks by `services/ingest/samples_from_gum.py`; title,
address and date were put at the head of each file. The words were not changed; pictures, tables and links are not part of the corpus.

| file | title | source | published |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One article: what its head says, and its paragraphs without the heading."""

    name: str
    title: str
    url: str
    date: str
    paragraphs: tuple[str, ...]

    def text(self) -> str:
        """The file's content."""
        return "\n\n".join((f"{self.title}\n{self.url}\n{self.date}", *self.paragraphs)) + "\n"


def read_conllu(name: str, conllu: str) -> Sample:
    """The article in one CoNLL-U document of GUM.

    Raises:
        KeyError: it lacks ``meta::title``, ``meta::sourceURL`` or ``meta::dateCreated``.
    """
    meta: dict[str, str] = {}
    paragraphs: list[str] = []
    inside_until = 0
    for line in conllu.splitlines():
        found = _META.match(line)
        if found:
            meta[found.group(1)] = found.group(2).strip()
        elif line.startswith("# newpar") and not line.startswith("# newpar_block"):
            paragraphs.append("")
        elif line and not line.startswith("#"):
            columns = line.split("\t")
            number, form, misc = columns[0], columns[1], columns[9]
            if "." in number:
                continue
            if _RANGE_OR_EMPTY.fullmatch(number):
                # a contraction is written as its own line before its parts
                inside_until = int(number.split("-")[1])
            elif int(number) <= inside_until:
                continue
            else:
                inside_until = 0
            paragraphs[-1] += form + ("" if "SpaceAfter=No" in misc else " ")
        elif not line:
            inside_until = 0
    cleaned = [paragraph.strip() for paragraph in paragraphs if paragraph.strip()]
    if cleaned and _letters(cleaned[0]) == _letters(meta["title"]):
        cleaned = cleaned[1:]
    return Sample(name, meta["title"], meta["sourceURL"], meta["dateCreated"], tuple(cleaned))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def main(source: Path, target: Path) -> None:
    """Write one ``.txt`` per document and ``ATTRIBUTION.md``."""
    rows = []
    for path in sorted(source.glob("GUM_news_*.conllu")):
        sample = read_conllu(path.stem.lower(), path.read_text(encoding="utf-8"))
        (target / f"{sample.name}.txt").write_text(sample.text(), encoding="utf-8")
        rows.append(f"| `{sample.name}.txt` | {sample.title} | <{sample.url}> | {sample.date} |\n")
    (target / "ATTRIBUTION.md").write_text(_ATTRIBUTION + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
