"""``turnout webhook-endpoint``: addresses that make events of what others send."""
