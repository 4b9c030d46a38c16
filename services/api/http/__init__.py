"""What every route stands on: reading requests, writing answers, refusing, and conventions."""
