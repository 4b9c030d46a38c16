"""What the services stand on; imports point down only, see docs/ARCHITECTURE.md."""
