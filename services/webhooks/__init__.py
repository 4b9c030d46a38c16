"""Telling subscribers of step results and lifecycle phases."""
