"""Dialogue: the dialplan, understanding, and the manager that follows the plan."""
