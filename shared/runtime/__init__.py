"""What every process needs: time, settings, logs, metrics, health, and an orderly end."""
