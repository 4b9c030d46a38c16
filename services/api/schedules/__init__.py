"""What is done with schedules, and how they are shown."""
