"""Answers cases of expressions and matrices, one JSON object a line: for suites that are not ours."""
