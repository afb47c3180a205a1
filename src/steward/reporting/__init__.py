"""Reports for people, as documents: values in, one HTML page out; nothing here reads a disk or a clock.

`recorded` reads what a version and its run remember, `pictures` and `class_pictures` show the test rows of a
quantity and of classes, and `model_report` puts a page together. `quality_report` does the same for the rows of a run,
as a page and as Markdown; `watch_report` answers whether to retrain today. `steward.flows.report`, `steward.flows.quality` and
`steward.flows.watch_page` collect the values.
"""
