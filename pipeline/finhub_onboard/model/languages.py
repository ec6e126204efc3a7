"""The languages of those who make the inputs: reports for them are written in these."""

LANGUAGES = ("en", "de", "fr", "es", "lt")
