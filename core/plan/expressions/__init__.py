"""The expression language of workflows: GitHub's, with a few functions more.

``tokens``, ``lexer``, ``nodes`` and ``parser`` make a tree of a text, as far as a ``scope`` allows; ``evaluator`` makes
a value of the tree, given ``surroundings`` and within a ``budget``; ``remarks`` says what is known to be wrong before.
"""
