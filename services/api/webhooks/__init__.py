"""Webhooks that others send: who sends them, and what they say."""
