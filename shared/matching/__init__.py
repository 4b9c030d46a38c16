"""Which workflows an event starts, and why not. Pure: no I/O, no clock, no chance."""
