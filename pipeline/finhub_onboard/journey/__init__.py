"""The eight phases of a customer: what comes next and what a reply means. Pure, but for the traverser."""
