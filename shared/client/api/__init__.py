"""What the API can be asked: made by ``make client`` of its routes, to which a test holds it."""
