"""A local exchange that speaks Kraken's SPOT REST protocol.

It is a second reading of Kraken's documents and shares no code with the client: neither can hide
the other's mistakes.
"""
