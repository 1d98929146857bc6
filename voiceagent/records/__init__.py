"""Records: the store of all events, and views of a call made from them."""
