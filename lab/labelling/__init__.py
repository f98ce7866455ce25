"""From what a reader writes down of a page to committed labels: offsets, digests and names, never the page's
words."""
