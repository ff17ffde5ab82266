"""Kraken's methods: each takes the exchange and the parameters and returns its result as JSON."""
