"""Conversations in writing: the same dialogue and the same decisions as on the telephone."""
