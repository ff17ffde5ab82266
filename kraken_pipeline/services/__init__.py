"""What the product does, one use a module: read, decide, write, in this order."""
