"""Watching a model at work: has its data moved, has its error grown, is that an alarm?

`sketch` counts a sample, `judge_drift` compares two such sketches, `judge_performance` two sets of
errors, and `judge_window` says what both mean for one window. Nothing here reads a clock, a disk or a log.
"""
