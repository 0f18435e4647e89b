"""The layout of the package: import cycles, sizes, which folder may import what, and plain names."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "napari_udt"
ROOT = PACKAGE.parent
MAX_LINES = 350
MAX_FILES_IN_A_FOLDER = 15

QT = {"qtpy", "superqt", "pyqtgraph", "magicgui", "PyQt5", "PyQt6", "PySide6", "napari._qt", "napari.qt"}
# Where Qt belongs. Anything else needs an entry among the exceptions, and that list is meant to shrink.
QT_ALLOWED = (
    r"viewer/(.+/)?widgets/.+",
    r"viewer/qt/.+",
    r"viewer/(app|docks|demo|comparison_opener)\.py",
    r"viewer/napari_adapter.*",
    r"bench/viewer.*\.py",
)
QT_EXCEPTIONS: set[str] = {
    "viewer/layers/deferred_removal.py",
    "viewer/layers/focus.py",
}

# Folders of the package, the lowest floor first.
FLOORS = (
    "spectral",
    "reconstruction",
    "io",
    "models",
    "inference",
    "collection",
    "simulation",
    "evaluation",
    "training",
    "population",
    "viewer",
    "bench",
    "cli",
)

NAPARI_ALLOWED = (r"viewer/.+", r"bench/viewer.*\.py")

# argparse and its Namespace end at the command line: whatever a command does is a function with arguments.
ARGPARSE_ALLOWED = (r"cli/.+", r"__main__\.py")

# Names that only this project ever used, in sources, identifiers and sentences. Underscores end a word.
PRIVATE_WORDS = {
    "errand": r"errands?",
    "bulletin": r"bulletins?",
    "desk": r"desks?",
    "partners": r"partners",
    "crew": r"crews?",
    "team": r"teams?",
    "sight": r"sight",
    "departures": r"departures?",
    "told": r"told",
    "whoever": r"whoever",
    "second domain": r"second[- ]domains?",
    "book": r"books?",
    "facts": r"facts?",
}
# (file, pattern): keys of file formats and Python values that stay readable as they are.
ALLOWED_WORDS: tuple[tuple[str, str], ...] = (
    ("inference/batch.py", r'"facts":'),
    ("io/generic/csv_spectra.py", r"# facts: "),
    ("population/measures/catalogue.py", r"Paper or book\."),
)


@cache
def _sources(pattern="*.py"):
    return {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in sorted(PACKAGE.rglob(pattern))}


def _module(name):
    parts = ["napari_udt", *name.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imports():
    """Return (line, module) of all imports of each file, wherever they stand: in functions and for typing too."""
    found = {}
    for name, text in _sources().items():
        found[name] = []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found[name] += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name}:{node.lineno}: imports are absolute"
                found[name] += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def _within(module, packages):
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _importers(packages, allowed):
    """Return ``file:line`` of all imports of ``packages`` in files that match none of the patterns."""
    return [
        f"{name}:{line} imports {module}"
        for name, imports in _imports().items()
        if not any(re.fullmatch(pattern, name) for pattern in allowed)
        for line, module in imports
        if _within(module, packages)
    ]


def _graph():
    modules = {_module(name) for name in _sources()}
    return {
        _module(name): {
            target if target in modules else target.rpartition(".")[0]
            for _, target in imports
            if _within(target, ["napari_udt"])
        }
        - {_module(name)}
        for name, imports in _imports().items()
    }


def _cycles(graph):
    """Return the strongly connected components with more than one module (Tarjan's algorithm)."""
    index, low, stack, cycles = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in index:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                cycles.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return cycles


def _words_left(word):
    pattern = re.compile(rf"(?<![A-Za-z]){PRIVATE_WORDS[word]}(?![A-Za-z])", re.IGNORECASE)
    in_a_name = re.compile(rf"(?<=[a-z])(?:{PRIVATE_WORDS[word].capitalize()})(?![a-z])")
    allowed = [re.compile(allowed) for name, allowed in ALLOWED_WORDS if name == "*"]
    left = []
    for ending in ("*.py", "*.toml", "*.md", "*.yaml", "*.js", "*.css", "*.svg"):
        for name, text in _sources(ending).items():
            here = allowed + [re.compile(allowed) for file, allowed in ALLOWED_WORDS if file == name]
            for number, line in enumerate(text.splitlines(), 1):
                for known in here:
                    line = known.sub("", line)
                left += [f"{name}:{number}: {line.strip()[:90]}"] * len(
                    pattern.findall(line) + in_a_name.findall(line)
                )
    return left


def test_the_search_for_cycles_finds_one():
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


def test_there_is_no_import_cycle_typing_imports_included():
    assert not _cycles(_graph())


def test_no_two_test_files_share_a_name():
    """pytest imports test files by their name alone and refuses the second."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_no_file_is_longer_than_350_lines():
    long = {name: n for name, text in _sources().items() if (n := len(text.splitlines())) > MAX_LINES}
    assert not long


def test_no_folder_of_the_viewer_is_crowded():
    folders = {}
    for path in (PACKAGE / "viewer").rglob("*.py"):
        folders.setdefault(path.parent.relative_to(PACKAGE).as_posix(), []).append(path.name)
    crowded = {name: len(files) for name, files in folders.items() if len(files) > MAX_FILES_IN_A_FOLDER}
    assert not crowded


def test_qt_is_imported_by_widgets_only():
    assert not _importers(QT, (*QT_ALLOWED, *map(re.escape, QT_EXCEPTIONS)))


def test_the_exceptions_from_that_rule_are_true_ones():
    importers = {found.partition(":")[0] for found in _importers(QT, QT_ALLOWED)}
    assert importers >= QT_EXCEPTIONS


def test_no_floor_imports_a_higher_one():
    """Compare with the list in docs/architecture.md; modules at the top of the package are the lowest floor."""

    def floor(module):
        parts = module.split(".")[1:]
        return FLOORS.index(parts[0]) if parts and parts[0] in FLOORS else -1

    assert not [
        f"{name}:{line} imports {module}"
        for name, imports in _imports().items()
        if name not in ("__init__.py", "__main__.py")
        for line, module in imports
        if _within(module, ["napari_udt"]) and floor(module) > floor(_module(name))
    ]


def test_readers_and_arithmetic_know_no_napari():
    assert not _importers({"napari"}, NAPARI_ALLOWED)


def test_arguments_of_the_command_line_stay_there():
    assert not _importers({"argparse"}, ARGPARSE_ALLOWED)


def test_one_room_touches_the_layers_of_a_viewer():
    touching = re.compile(r"(?<!napari_udt\.)\bviewer\.layers\b")
    assert not [
        f"{name}:{number}: {line.strip()}"
        for name, text in _sources().items()
        if not name.startswith("viewer/layers/")
        for number, line in enumerate(text.splitlines(), 1)
        if touching.search(line)
    ]


@pytest.mark.parametrize(
    "word",
    PRIVATE_WORDS,
)
def test_private_words_are_gone(word):
    left = _words_left(word)
    print(f"{word}: {len(left)} left")
    assert not left, f"{len(left)} left"
