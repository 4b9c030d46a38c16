"""Opens what a role stands on, from settings, and runs roles until they are told to stop."""
