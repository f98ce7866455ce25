"""Weights of the small models that rank and score, fitted on labels."""
