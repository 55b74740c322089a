"""Tests of the expression language; a package, so that they can share what they generate and the naive evaluator."""
