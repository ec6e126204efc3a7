"""The job inside a program: ``from finhub_onboard import Job, Settings, sandbox``."""
