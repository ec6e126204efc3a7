"""Bulk onboarding of individual customers to FinHub."""

__version__ = "0.5.0"
