"""What the bus' users share, without a bus."""
