"""What may be believed of a backtest: luck, fit, order and fills, each with a number."""
