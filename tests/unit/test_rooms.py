"""The rooms of the house: imports go downward only, files stay small, and no room is a lumber room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "pointsman"

# Top to bottom. A room may import rooms of lower lines and itself, never another room of its own line or above.
# cli stands above demo and simulation: it is what starts them. "pointsman" is the package's own __init__ (the version).
LINES: list[set[str]] = [
    {"cli"},
    {"demo", "simulation"},
    {"server"},
    {"rest", "realtime", "voice", "webui"},
    {"web"},
    {"courier", "insight"},
    {"operations"},
    {"events", "auth", "outbound"},
    {"history"},
    {"runtime"},
    {"journal"},
    {"engine"},
    {"expressions", "domain"},
    {"settings", "telemetry", "metrics"},
    {"pointsman"},
]
DEPTH = {room: depth for depth, line in enumerate(LINES) for room in line}
LUMBER_ROOMS = {f"{name}{s}" for name in ("util", "helper", "model", "manager", "service") for s in ("", "s")}
LONGEST_FILE = 400  # lines


def modules(source: Path) -> list[Path]:
    return sorted(source.rglob("*.py"))


def room_of(path: Path, source: Path) -> str:
    """`rest/tasks.py` → rest, `settings.py` → settings, the own `__init__.py` → pointsman, `__main__.py` → cli."""
    first = path.relative_to(source).parts[0]
    return "cli" if first == "__main__.py" else "pointsman" if first == "__init__.py" else first.removesuffix(".py")


def imported_names(path: Path, source: Path) -> Iterator[tuple[int, str]]:
    """Line number and dotted name of each import in a file, inside functions too; `from a import b` gives a.b."""
    package = ("pointsman", *path.relative_to(source).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *([node.module] if node.module else []))
            yield from ((node.lineno, ".".join([*module, alias.name])) for alias in node.names)


def imported_rooms(path: Path, source: Path) -> Iterator[tuple[int, str]]:
    """Line number and room of each import from the project itself."""
    for line, name in imported_names(path, source):
        root, _, rest = name.partition(".")
        if root == "pointsman":
            room = rest.partition(".")[0]
            is_module = (source / room).is_dir() or (source / f"{room}.py").is_file() or room in DEPTH
            yield line, room if room and is_module else "pointsman"


def wrong_imports(source: Path) -> list[str]:
    """Each import that does not go downward, and each file that stands in no known room."""
    wrong = []
    for path in modules(source):
        room, place = room_of(path, source), path.relative_to(source).as_posix()
        if room not in DEPTH:
            wrong.append(f"{place}: '{room}' is no room of the plan")
            continue
        for line, other in imported_rooms(path, source):
            if other != room and DEPTH.get(other, -1) <= DEPTH[room]:
                wrong.append(f"{place}:{line}: {room} may not import {other}")
    return wrong


def test_imports_go_downward_only() -> None:
    assert modules(SOURCE), f"no modules under {SOURCE}"
    assert wrong_imports(SOURCE) == []


def test_files_stay_small() -> None:
    lengths = {path.relative_to(SOURCE).as_posix(): len(path.read_bytes().splitlines()) for path in modules(SOURCE)}
    assert {place: length for place, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_lumber_rooms() -> None:
    places = [path.relative_to(SOURCE) for path in modules(SOURCE)]
    assert [place for place in places if LUMBER_ROOMS & {*place.parent.parts, place.stem}] == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("engine/core/turn.py", "from pointsman.journal import envelope"),
        ("engine/core/turn.py", "from ...journal import envelope"),
        ("engine/turn.py", "from .. import journal"),
        ("engine/turn.py", "def late():\n    import pointsman.runtime.clock"),
        ("rest/tasks.py", "from pointsman import voice"),
        ("domain/task.py", "import pointsman.expressions as e"),
        ("settings.py", "from pointsman.telemetry import configure_logging"),
        ("demo/__init__.py", "from pointsman.cli.serve import run"),
        ("__init__.py", "from pointsman.settings import Settings"),
        ("rest/tasks.py", "from pointsman.attic import anything"),
        ("attic/things.py", ""),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, place: str, text: str) -> None:
    write(tmp_path, place, text)
    assert len(wrong_imports(tmp_path)) == 1


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("cli/main.py", "def demo():\n    from pointsman.demo import run"),
        ("engine/turn.py", "from pointsman.expressions import compile\nfrom pointsman.domain.task import Task"),
        (
            "engine/core/turn.py",
            "from ..workspace import tasks\nfrom . import timers\nfrom pointsman.engine import core",
        ),
        ("rest/app.py", "import falcon\nfrom pointsman import __version__, settings"),
    ],
)
def test_a_right_import_is_let_through(tmp_path: Path, place: str, text: str) -> None:
    write(tmp_path, place, text)
    assert wrong_imports(tmp_path) == []


def write(source: Path, place: str, text: str) -> None:
    path = source / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    (source / "attic").mkdir(exist_ok=True)  # a folder that is no room, to be imported by mistake
