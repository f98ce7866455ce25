"""Articles in: files, feeds, HTTP push → ``onrecord.articles``."""
