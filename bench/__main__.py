"""Which benchmarks run, one after another."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bench import callbacks, engine, history, http, journal, lives, memory, sockets
from bench.report import Figure, Wrong, report

BENCHES: dict[str, Callable[[bool], list[Figure]]] = {
    "engine": engine.run,
    "http": http.run,
    "journal": journal.run,
    "memory": memory.run,
    "sockets": sockets.run,
    "callbacks": callbacks.run,
    "lives": lives.run,
    "history": history.run,
}
"""Each takes whether it is to be quick (below 30 s) and gives its figures, or raises Wrong."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHES)}; all without any")
    parser.add_argument("--quick", action="store_true", help="a short run of each, to see that it still works")
    given = parser.parse_args()
    if unknown := set(given.names) - BENCHES.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    wrong = False
    for name in given.names or BENCHES:
        try:
            report(name, BENCHES[name](given.quick), quick=given.quick)
        except Wrong as error:
            print(f"{name}: wrong: {error}", file=sys.stderr)
            wrong = True
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
