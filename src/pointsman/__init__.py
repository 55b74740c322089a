"""Pointsman: a self-hosted task router, wire-compatible with Twilio TaskRouter."""

__version__ = "0.1.0"
