"""The learned tagger: one pass of a small encoder finds attributions (source, cue, content) and named
entities."""

from services.extract.tagger.spec import ModelBroken
from services.extract.tagger.stand_in import StandIn
from services.extract.tagger.tagger import Tagger

__all__ = ["ModelBroken", "StandIn", "Tagger"]
