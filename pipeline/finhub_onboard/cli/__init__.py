"""The command line: click and the terminal, nothing else."""
