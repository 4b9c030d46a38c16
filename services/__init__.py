"""The services: one package a role, and the command line that starts them."""
