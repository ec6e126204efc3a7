"""The eight phases of a customer: the next move, and the meaning of each reply. Pure, except for the traverser."""
