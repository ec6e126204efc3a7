"""How fast the bank is called: the rate budget (``ports``), the gate, the counters, the places for calls in flight."""
