"""docs/STATE_MACHINES.md is generated from the lifecycle tables; this keeps it fresh.

Write it anew with `python tests/unit/test_state_machines_page.py`.
"""

from pathlib import Path

from pointsman.domain.lifecycle import RESERVATION, TASK, TRANSFER, Lifecycle

PAGE = Path(__file__).parents[2] / "docs" / "STATE_MACHINES.md"
_HEAD = """# State machines

Generated from `src/pointsman/domain/lifecycle.py`. A pair of state and trigger that is not drawn is refused and changes
nothing. `canceled` and `completed` tasks are removed 5 minutes later.
"""


def _diagram(lifecycle: Lifecycle) -> str:
    states = dict.fromkeys(state for (before, _), after in lifecycle.items() for state in (before, after))
    ends = [state for state in states if not any(before == state for before, _ in lifecycle)]
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(states))}"]
    lines += [f"    {before} --> {after}: {trigger}" for (before, trigger), after in lifecycle.items()]
    lines += [f"    {state} --> [*]" for state in ends]
    return "\n".join([*lines, "```"])


def render() -> str:
    tables = {"Task": TASK, "Reservation": RESERVATION, "Transfer": TRANSFER}
    return _HEAD + "".join(f"\n## {name}\n\n{_diagram(table)}\n" for name, table in tables.items())


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == render()


if __name__ == "__main__":
    PAGE.write_text(render())
