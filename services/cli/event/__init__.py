"""``turnout event``: events sent, and seen."""
