"""The expression language of workflows: GitHub's, with a few functions more."""
