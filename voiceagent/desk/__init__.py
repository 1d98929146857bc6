"""The page of the person who takes a call: what is known, before their phone rings."""
