"""What crosses the bus: topics, message schemas, and how each is written and read."""
