"""Columns that are learned from training rows: tables of means and counts, and formulas with fitted numbers."""
