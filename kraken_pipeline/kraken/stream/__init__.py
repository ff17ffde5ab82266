"""The client of Kraken's WebSocket v2: what the market and the account say, as they say it."""
