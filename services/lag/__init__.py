"""How far every consumer group is behind, read from the log itself, so that it is known while no member of
the group is alive."""
