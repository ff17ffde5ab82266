"""Timings as ratios against a named limit, measured in the same run: `make bench`."""
