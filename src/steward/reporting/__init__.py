"""Reports for people, as documents: values in, one HTML page out; nothing here reads a disk or a clock.

`recorded` reads what a version and its run remember, `error_by_time` and `plots` draw the test rows, and
`model_report` puts a page together. `steward.flows.report` collects the values.
"""
