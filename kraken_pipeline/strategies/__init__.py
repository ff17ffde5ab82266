"""Strategies: pure functions from closed bars to wishes."""
