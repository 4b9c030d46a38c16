"""``turnout wait``: steps that wait for something from outside."""
