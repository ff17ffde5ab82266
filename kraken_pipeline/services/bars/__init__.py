"""Histories of bars: what is stored of them, what it takes to have more, and what is certified."""
