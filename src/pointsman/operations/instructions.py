"""Instructions: what a client may ask to be done with a reservation, by REST or as the answer of a callback."""

from __future__ import annotations

from pointsman.domain.refusal import Refusal

INVALID_INSTRUCTION = 55555
STATUS = {"accept": "accepted", "reject": "rejected"}
"""The plain instructions: a status by another name."""
TELEPHONY = {"call": 40113, "conference": 40145, "dequeue": 40133, "redirect": 40122, "supervise": INVALID_INSTRUCTION}
"""The others, with the code of the alert that says that the call could not be made (rest-api.md 19)."""


def read_instruction(text: str) -> str:
    """The instruction in lower case: they are taken in any. 400/55555 for what is none."""
    word = text.strip().lower()
    if word not in STATUS and word not in TELEPHONY:
        raise Refusal(f"Instruction '{text[:100]}' is invalid", code=INVALID_INSTRUCTION)
    return word


def no_telephony(word: str) -> str:
    """What is said to an instruction that needs it."""
    return f"Instruction '{word}' needs telephony, which this server does not offer yet"
