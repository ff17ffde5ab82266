"""What can go wrong between an exchange and its callers, on purpose: by script or by seed."""
