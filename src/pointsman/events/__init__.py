"""An event's body in the dialects that it is told in."""
