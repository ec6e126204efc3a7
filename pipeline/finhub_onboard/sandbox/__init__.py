"""The other side: a FinHub bank to practise on. Imports nothing of the other stages."""
