"""Telephony: the user agent, call legs, media port, headers and the transfer."""
