"""A market that mirrors another exchange's public data: its prices, our matching, no key."""
