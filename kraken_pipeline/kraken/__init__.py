"""The client of Kraken's REST interface: it signs, sends once, and says what may have happened."""
