"""The base of all facts."""

from __future__ import annotations

import msgspec


def _kebab(name: str) -> str:
    return "".join("-" + letter.lower() if letter.isupper() else letter for letter in name)[1:]


class Fact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="fact", tag=_kebab):
    """Base of all facts; the tag is the class name in kebab-case."""
