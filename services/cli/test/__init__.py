"""Tests of workflows: files of events, each with what it starts and what it does not."""
