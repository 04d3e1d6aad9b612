"""The tree keeps its own rules: sizes, names, and nothing that belongs elsewhere."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.structure.tree import ROOT, text_of, tracked

FILE_LINES = 300
FUNCTION_LINES = 50
LINE_CHARACTERS = 100
PAGE_LINES = 80
ARCHITECTURE_LINES = 150
VAGUE = {"util", "utils", "common", "manager", "managers", "impl", "helper", "helpers"}
# What people write and read line by line.
WRITTEN = (".py", ".cql", ".sql", ".sh", ".html", ".css", ".js")
DATA = (".edges", ".hex", ".lock")

WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
LEFT_OPEN = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
A_MACHINES_PATH = re.compile(r"(?<![\w.~$}/-])/(?:home|root|Users|work|workspace|builds)/\w")
A_REGISTRY = re.compile(
    r"pypi\.org|pythonhosted|repo1?\.maven|registry\.npm|--(?:extra-)?index-url[ =]", re.IGNORECASE
)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(path: Path) -> Iterator[Definition]:
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, Definition):
            yield node


def matching(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern stands in the project, but for this file, which names it."""
    own = Path(__file__).relative_to(ROOT)
    return [
        f"{path}:{number}"
        for path in tracked()
        if path != own and path.suffix not in DATA
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


def is_vague(name: str) -> bool:
    return any(word.lower() in VAGUE for word in WORD.findall(name))


def test_the_listing_is_of_this_project() -> None:
    assert Path("pyproject.toml") in tracked(".toml")
    assert Path(__file__).relative_to(ROOT) in tracked(".py")


def test_files_are_short() -> None:
    lines = {path: len(text_of(path).splitlines()) for path in tracked(*WRITTEN)}
    assert {str(path): n for path, n in lines.items() if n > FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path in tracked(".py")
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_lines_are_short() -> None:
    long = [
        f"{path}:{number}"
        for path in tracked(*WRITTEN)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if len(line) > LINE_CHARACTERS
    ]
    assert long == []


def test_names_say_what_things_are() -> None:
    files = [str(path) for path in tracked() if any(is_vague(part) for part in path.parts)]
    named = [
        f"{path}:{node.lineno} {node.name}"
        for path in tracked(".py")
        for node in definitions(path)
        if is_vague(node.name)
    ]
    assert files + named == []


def test_vague_words_are_found_in_any_style_of_name() -> None:
    assert all(map(is_vague, ["utils", "event_helper", "EventManager", "HTTPImpl", "_common"]))
    assert not any(map(is_vague, ["simple", "implicit", "Uncommon", "manage"]))


def test_nothing_is_left_open() -> None:
    assert matching(LEFT_OPEN) == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert A_MACHINES_PATH.search("see /home/ada/x") and A_MACHINES_PATH.search('"/root/x"')
    assert matching(A_MACHINES_PATH) == []


def test_no_file_holds_a_registrys_address() -> None:
    assert A_REGISTRY.search("registry.npm") and A_REGISTRY.search("--index-url x")
    assert not A_REGISTRY.search("--no-emit-index-url --universal")
    assert matching(A_REGISTRY) == []


def test_pages_are_short() -> None:
    bounds = {path: PAGE_LINES for path in tracked(".md") if path.parts[0] == "docs"}
    bounds[Path("ARCHITECTURE.md")] = ARCHITECTURE_LINES
    lines = {path: len(text_of(path).splitlines()) for path in bounds}
    assert {str(path): n for path, n in lines.items() if n > bounds[path]} == {}


def test_links_lead_somewhere() -> None:
    dead = [
        f"{path}: {target}"
        for path in tracked(".md")
        for target in LINK.findall(text_of(path))
        if "://" not in target and not (ROOT / path.parent / target).exists()
    ]
    assert dead == []


def test_the_lock_has_hashes_and_no_address() -> None:
    lock = text_of(Path("requirements.lock"))
    pinned = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n[ ]+--hash[^\n]*)*", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert [
        pin.split()[0] for pin in pinned if "==" not in pin or "--hash=sha256:" not in pin
    ] == []
    assert "://" not in lock
    assert not re.search(r"^\s*(?:-i|-f|--\w*index|--find-links)", lock, re.MULTILINE)


def test_the_packages_are_those_that_are_listed() -> None:
    listed = tomllib.loads(text_of(Path("pyproject.toml")))["tool"]["setuptools"]["packages"]
    found = {
        ".".join(path.parent.parts)
        for path in tracked(".py")
        if path.name == "__init__.py" and path.parts[0] not in ("benchmarks", "tests")
    }
    assert sorted(listed) == sorted(found)
