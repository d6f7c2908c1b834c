"""Which prescriptions are reviewed, and with what probability."""
