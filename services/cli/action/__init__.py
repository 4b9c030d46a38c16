"""``turnout action``: what steps can do."""
