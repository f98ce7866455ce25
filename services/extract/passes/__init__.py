"""Attributions: what the tagger found, reconciled with the quotation marks in the text."""
