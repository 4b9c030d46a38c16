"""Pure values and decisions: no clock, chance, I/O or logging."""
