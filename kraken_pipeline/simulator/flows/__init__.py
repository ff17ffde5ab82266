"""Funds that come and go by script, for the control call `/_sim/flows`."""
