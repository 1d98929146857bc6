"""A self-hosted voice agent for the telephone that knows when to hand over to a person."""

__version__ = "0.1.0"
