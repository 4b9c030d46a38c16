"""What callers do with events, and with records that became none."""
