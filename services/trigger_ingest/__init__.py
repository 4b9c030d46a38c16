"""Takes events from the source topics: ``accept`` reads, archives, and passes each on once."""
