"""Thena: ``/thena`` (docs/dialects/thena.md)."""
