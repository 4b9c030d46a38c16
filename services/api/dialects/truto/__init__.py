"""Truto: ``/truto`` (docs/dialects/truto.md)."""
