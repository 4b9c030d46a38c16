"""``turnout execution``: what events started."""
