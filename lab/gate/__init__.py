"""The gate on exact output: committed articles, what the network said of them, and what the extraction makes
of that."""
