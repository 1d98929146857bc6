"""Records: the store of events, and the views of it."""
