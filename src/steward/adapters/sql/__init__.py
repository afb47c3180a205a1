"""Everything Steward remembers, in one SQL database: runs, versions, windows, incidents, the journal."""
