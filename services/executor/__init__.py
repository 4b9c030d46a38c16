"""Runs the steps of executions, durably, as the one owner of their partition.

The way of a command: ``consume`` → ``admit`` → ``ledger`` (durable) → ``advance`` → ``perform`` →
``ledger`` (durable) → ``publish``.
"""
