"""Handoff: to whom, with what context, and the consultation that brings the caller there."""
