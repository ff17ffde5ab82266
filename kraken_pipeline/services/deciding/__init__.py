"""Strategies asked, their answers kept, and asked once more from what was kept."""
