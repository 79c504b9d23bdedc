"""What the user says and is told: settings, trust, records, the state of the installation."""
