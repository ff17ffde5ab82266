"""The account's books: synced, kept, valued, compared with the exchange, reported."""
