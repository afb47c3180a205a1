"""One module a use case: run (ingest to promote), serve, watch, respond, approve, status, doctor."""
