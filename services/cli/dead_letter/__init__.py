"""``turnout dead-letter``: records that could not be used."""
