"""``turnout workflow``: what is registered."""
