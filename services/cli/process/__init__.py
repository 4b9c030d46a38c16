"""What ``serve``, ``dev`` and ``demo`` share: reading settings, opening, running, ending."""
