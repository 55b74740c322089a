"""The wire, as the official client and recorded shapes expect it."""
