"""``turnout key``: keys of the api."""
