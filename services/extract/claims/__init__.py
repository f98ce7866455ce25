"""Quotes and claims, made from resolved attributions."""
