"""The HTTP face: workflows, events and executions, natively and in the words of other systems."""
