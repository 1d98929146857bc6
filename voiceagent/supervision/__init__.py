"""Supervision: the bus, its broker, and what a supervisor sees on it."""
