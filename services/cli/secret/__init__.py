"""``turnout secret``: what steps send and webhooks ask for, and the keys that it is under."""
