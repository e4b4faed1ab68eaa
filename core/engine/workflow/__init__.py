"""Runs of workflows: which nodes start when, and with what.

`conductors` keeps one `conductor` for each run that has not ended. Everything that it knows stands in the store: a
restart, and a further attempt of a run, begin from there.
"""
