"""Steward looks after tabular models: one project file declares the problem, one command runs the whole loop."""

__version__ = "0.1.0"
