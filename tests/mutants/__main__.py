"""`make mutants`: apply each patch to a copy of the tree and run the test that must kill it.

A patch begins with two lines of words, `Bug: …` and `Killed by: <pytest node>`; the diff follows. A
mutant is killed when that test fails; a test that can't be collected or run kills nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS_FAILED = 1  # pytest's exit code
TIMEOUT_S = 600


@dataclass(frozen=True)
class Mutant:
    """One planted bug."""

    patch: Path
    bug: str
    test: str


def mutants() -> list[Mutant]:
    """All patches beside this file."""
    found = []
    for patch in sorted(Path(__file__).parent.glob("*.patch")):
        bug, test = patch.read_text().splitlines()[:2]
        found.append(Mutant(patch, bug.removeprefix("Bug: "), test.removeprefix("Killed by: ")))
    return found


def copy_tree(target: Path) -> None:
    """What git tracks, or would, into `target`."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def killed(mutant: Mutant, tree: Path) -> tuple[bool, str]:
    """Whether the named test fails on the mutated tree, and pytest's last words."""
    subprocess.run(["git", "apply", str(mutant.patch)], cwd=tree, check=True)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant.test],
        cwd=tree,
        # The engines are those of the original tree: each test's world has names of its own.
        env=os.environ
        | {"PYTHONPATH": str(tree), "TEST_ENGINES_DIR": str(ROOT / ".engines"), "CI": "true"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    lines = ran.stdout.strip().splitlines() or ran.stderr.strip().splitlines() or [""]
    return ran.returncode == TESTS_FAILED and " failed" in lines[-1], lines[-1]


def main() -> int:
    """Print what became of each mutant; 1 if any survived."""
    survivors = 0
    for mutant in mutants():
        with tempfile.TemporaryDirectory() as place:
            copy_tree(Path(place))
            dead, words = killed(mutant, Path(place))
        survivors += not dead
        verdict = "killed by" if dead else "SURVIVED"
        print(
            f"{mutant.patch.stem}: {mutant.bug}\n    {verdict} {mutant.test}  ({words})", flush=True
        )
    print(f"{len(mutants()) - survivors} killed, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
