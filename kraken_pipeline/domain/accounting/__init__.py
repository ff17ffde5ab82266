"""What happened to the account, entry by entry, and what it cost and earned, in base currency.

Facts go one way: ledger entries are explained (`causes`), each event becomes moves of economic
assets at values that are kept once (`moves`, `price_points`), and a cost method makes lots, gains
and income of the moves. Nothing here asks anything of anybody.
"""
