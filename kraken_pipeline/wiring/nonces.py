"""Where the nonces of keys are kept, for every process of a data folder."""

from typing import Final

NONCES: Final = "nonces"
"""Folder of nonce marks, in the data folder."""
