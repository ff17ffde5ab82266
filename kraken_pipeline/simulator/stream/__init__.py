"""Kraken's WebSocket v2: channels that tell what happens, methods that trade, on one path."""
