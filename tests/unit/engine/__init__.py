"""Tests of the engine; a package, so that they can share the driver, the random centres and the naive matcher."""
