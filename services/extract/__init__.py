"""Article in, document, quotes and claims out. The core is pure: no log, no settings, no network."""
