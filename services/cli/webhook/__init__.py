"""``turnout webhook``: the addresses that start workflows."""
