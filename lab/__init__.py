"""How extraction is measured, trained and fitted. Never imported by services, never in the image."""
