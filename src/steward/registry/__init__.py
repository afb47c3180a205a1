"""Versions of models and the one pointer to the champion; bundles, which are models ready to serve."""
