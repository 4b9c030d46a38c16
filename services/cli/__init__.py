"""The command line ``turnout``: one verb a file; it starts the services and speaks to their API."""
