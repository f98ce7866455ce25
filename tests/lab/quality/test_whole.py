"""The whole extraction seen in offsets of the text that was read."""

from lab.quality.whole import placed, plain_article, reader
from services.extract.extract import Extractor
from services.extract.types import Attribution, Range, Tagged

TEXT = "Headline\n\n\n\n\nAna Weiss  said the bridge  cost 3 million euros last year.\n"


class OneAttribution:
    """Stands where the network stands: it finds “Ana Weiss said …” in the normalised text."""

    model_sha256 = "0" * 64

    def tokens(self, text: str) -> int:
        return len(text)

    def __call__(self, text: str) -> Tagged:
        def reach(first: str, last: str) -> Range:
            return Range(text.index(first), text.index(last) + len(last))

        return Tagged(
            (
                Attribution(
                    "indirect",
                    (reach("the", "last year"),),
                    reach("Ana", "Weiss"),
                    reach("said", "said"),
                    0.8,
                ),
            )
        )


def test_offsets_are_those_of_the_input() -> None:
    with Extractor(OneAttribution()) as extractor:
        found = reader(extractor)("a", TEXT)
    (item,), (actor,), (claim,) = found.attributions, found.actors, found.statements
    assert item.source is not None
    assert TEXT[slice(*item.source)] == "Ana Weiss"
    assert [TEXT[slice(*part)] for part in item.content] == ["the bridge  cost 3 million euros last year"]
    assert actor.name == "Ana Weiss"
    assert claim.spans == item.content
    assert claim.check_worthiness > 0


def test_without_a_source_text_offsets_are_those_of_the_normalised_one() -> None:
    with Extractor(OneAttribution()) as extractor:
        found = placed(extractor.extract(plain_article("a", TEXT)))
    assert found.text != TEXT
    assert [found.text[slice(*part)] for part in found.attributions[0].content] == [
        "the bridge cost 3 million euros last year"
    ]
