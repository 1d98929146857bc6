"""Learning: what another policy would have decided, and which one people would have decided by."""
