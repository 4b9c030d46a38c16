"""The rules of executions, each a small readable case; ``case.py`` says how one is written."""
