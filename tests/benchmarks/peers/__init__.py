"""The same three-step job by Turnout and by others, on one machine: ``python -m``, this."""
