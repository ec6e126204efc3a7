"""The durable record of what was intended and what happened."""
