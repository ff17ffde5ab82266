"""What the exchange lists and how it trades: the universe, and what pairs are like."""
