"""RSS and Atom feeds: polled politely, every address checked before it is connected to."""
