"""``turnout subscription``: who is told of results and phases."""
