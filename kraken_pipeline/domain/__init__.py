"""What the product knows about trading: pure values and rules, standard library only."""
