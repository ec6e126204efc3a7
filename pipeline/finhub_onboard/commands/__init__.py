"""What each ``onboard ...`` that is not the job does: a file per command, no click, values returned."""
