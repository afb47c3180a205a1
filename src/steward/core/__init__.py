"""The words every stage shares: errors, clock, periods, digests, the journal. Imports nothing of ours."""
