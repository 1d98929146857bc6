"""Simulation: phones that behave like people, the demonstration call, and its report."""
