"""Live updates: from the result topics to whoever listens."""
