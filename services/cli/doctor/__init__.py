"""``turnout doctor``: what surrounds Turnout, looked at; nothing is changed."""
