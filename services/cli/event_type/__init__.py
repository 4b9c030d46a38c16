"""``turnout event-type``: what events there are."""
