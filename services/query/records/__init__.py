"""Questions to the database: parameters in, answers out. Each takes a connection and reads one consistent
state.

Only what is on record shows: statements with ``on_record``, documents that are not withdrawn.
"""
