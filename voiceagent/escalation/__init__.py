"""Escalation: confidence, anger, and the policy that decides when a person is needed."""
