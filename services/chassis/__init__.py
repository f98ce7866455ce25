"""What every service stands on: event log, stage loop, dead letters, settings, logging, metrics, health."""
