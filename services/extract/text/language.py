"""Which language a text is in, when its producer did not say."""

from __future__ import annotations

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.extract.lang import Language, language

UNKNOWN = "und"
_SAMPLE = 4_000  # code points: more text changes no verdict and costs time
_MIN_LETTERS = 40  # below this the detector guesses


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def load() -> None:
    """Load the detector now, not at the first article: it unpacks 65 MB into the folder for temporary files.

    Raises:
        OSError: there is no room.
    """
    _identifier()


def detect(text: str, *, surely: float = 0.9) -> str:
    """The BCP 47 tag of the text's language; ``und`` when the text is too short or the verdict less than
    ``surely`` probable."""
    sample = text[:_SAMPLE]
    if sum(c.isalpha() for c in sample) < _MIN_LETTERS:
        return UNKNOWN
    tag, probability = _identifier().classify(sample)
    return str(tag) if probability >= surely else UNKNOWN


def primary(tag: str) -> str:
    """The primary subtag: ``en`` of ``en-GB``."""
    return tag.split("-", 1)[0].lower()


def read_as(tag: str) -> Language:
    """The language a text is read as; English where it is unknown: that is a short text, which is harmless to
    try."""
    return language("en" if tag == UNKNOWN else primary(tag))
