"""The event log: one port, two engines."""
