"""Orders at the exchange: sent once, heard of, searched for, settled, taken back."""
