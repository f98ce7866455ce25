"""Search: what people type, read once into a small tree, and asked of either database.

:mod:`language` reads, :mod:`matching` gives words their other forms and says the tree in each engine's words,
:mod:`finding` asks, :mod:`relevance` sorts, :mod:`spelling` says what a misspelt word may mean.
"""
