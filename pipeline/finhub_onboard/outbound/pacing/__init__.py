"""How fast the bank is called: the rate, the number in flight, holding back."""
