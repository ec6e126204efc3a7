"""How a profile is proposed: what names, words, dates and numbers of a sample tell."""
