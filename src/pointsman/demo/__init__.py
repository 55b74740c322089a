"""A small contact centre at work: a server, simulated agents and customers, and a view of it all."""

from pointsman.demo.stage import run

__all__ = ["run"]
