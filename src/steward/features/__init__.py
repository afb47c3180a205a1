"""From rows to what a model reads: column functions, their order and lineage, and the guard against leaks."""
