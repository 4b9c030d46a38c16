"""``turnout schedule``: when workflows and steps are due."""
