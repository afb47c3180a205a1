"""From a declared source to immutable rows: find or fetch files, read them exactly, snapshot, look up, split, simulate."""
