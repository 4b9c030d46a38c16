"""What callers do with executions."""
