"""Sixtyfour: ``/sixtyfour`` (docs/dialects/sixtyfour.md)."""
