"""Actors: from the words that name a source to the one it is, inside one article."""
