"""Benchmarks: `python -m bench [NAME…] [--quick]`. They fail when something is wrong, never because it is slow."""
