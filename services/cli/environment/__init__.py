"""``turnout environment``: the environments of an organisation."""
