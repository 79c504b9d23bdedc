"""What the ``pickleball`` command does, one module per group of commands."""
