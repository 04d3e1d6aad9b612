"""The oracle shares no code with the product, so it can't share its mistakes."""

import ast
import sys
from pathlib import Path

ORACLE = Path(__file__).parent.parent / "oracle"
OWN = {f"tests.oracle.{path.stem}" for path in ORACLE.glob("*.py")}


def _imported(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module not in OWN:
            found.add("." * node.level + (node.module or "").split(".")[0])
        elif isinstance(node, ast.Name) and node.id in ("__import__", "eval", "exec"):
            found.add(node.id)
    return found


def test_the_oracle_imports_only_the_standard_library() -> None:
    paths = [path for path in ORACLE.glob("*.py") if not path.name.startswith("test_")]
    modules = {path.name: _imported(path) for path in paths}
    assert "oracle.py" in modules
    assert "importlib" not in modules["oracle.py"]
    strangers = {name: found - sys.stdlib_module_names for name, found in modules.items()}
    assert not any(strangers.values()), strangers
