"""What must never be seen: keeping it, and keeping it out of whatever is written."""
