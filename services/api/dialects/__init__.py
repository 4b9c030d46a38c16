"""The words of each system: how its documents become workflows, and how they are given back."""
