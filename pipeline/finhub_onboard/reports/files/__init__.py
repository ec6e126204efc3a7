"""The files of a report and how they look; knows only the words of the model and the errors."""
