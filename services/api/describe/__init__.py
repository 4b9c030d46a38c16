"""What Turnout says of itself: documents made of the routes, the topics and the models."""
