"""The record, readable: an HTTP API and plain pages over the database, which this service only ever reads."""
