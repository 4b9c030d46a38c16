"""What callers do with workflows."""
