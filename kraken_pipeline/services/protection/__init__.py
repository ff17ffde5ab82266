"""What stands at the exchange when nobody looks: stops, and the dead man's switch."""
