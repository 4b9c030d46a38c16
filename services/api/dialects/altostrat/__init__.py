"""Altostrat: ``/altostrat`` (docs/dialects/altostrat.md)."""
