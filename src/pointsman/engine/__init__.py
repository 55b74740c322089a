"""Deciding: one engine per stream turns commands into facts. Pure, synchronous, deterministic; knows no I/O."""
