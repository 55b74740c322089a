"""The whole server: journal, clock, node, doors and couriers put together, and the HTTP server around them."""
