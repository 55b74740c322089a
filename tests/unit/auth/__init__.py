"""Tests of tokens and permissions."""
