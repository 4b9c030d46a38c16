"""What is done about subscriptions, their deliveries, and what signs them."""
