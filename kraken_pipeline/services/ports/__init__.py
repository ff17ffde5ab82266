"""What services need from outside. Adapters fit by shape and inherit nothing."""
