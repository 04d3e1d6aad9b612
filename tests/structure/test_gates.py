"""The gates hold, and each of them can fail: imports, coverage of the core, no skipped test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.tree import ROOT

TIMEOUT_S = 120
TESTS_FAILED = 1  # pytest's exit code


def ran(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A module run by this Python from the project's root."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_imports_point_one_way() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_tests_of_the_core_cover_every_branch_of_it(tmp_path: Path) -> None:
    """The random histories are left out: what each rule means is to be tested by name."""
    data = {"COVERAGE_FILE": str(tmp_path / "coverage")}
    quiet = ("-q", "-p", "no:cacheprovider", "--ignore=tests/core/test_histories.py")
    tests = ran("coverage", "run", "-m", "pytest", *quiet, "tests/core", **data)
    assert tests.returncode == 0, tests.stdout[-2_000:]
    report = ran("coverage", "report", "--show-missing", **data)
    assert report.returncode == 0, report.stdout
    assert "foldline/core/fold.py" in report.stdout


SKIPS = {
    "in_the_body": "import pytest\ndef test_a(): pytest.skip('why')",
    "by_a_mark": "import pytest\n@pytest.mark.skip\ndef test_a(): pass",
    "the_module": "import pytest\npytest.skip('why', allow_module_level=True)",
}


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS.keys())
def test_a_skipped_test_fails_under_ci_and_only_there(tmp_path: Path, source: str) -> None:
    (tmp_path / "test_scratch.py").write_text(f"{source}\ndef test_b(): pass\n")
    alone = ("pytest", "-c", os.devnull, "-p", "tests.no_skips", "-p", "no:cacheprovider")
    assert ran(*alone, str(tmp_path), CI="true").returncode != 0
    assert "skipped" in ran(*alone, str(tmp_path), CI="").stdout.splitlines()[-1]


def test_the_suite_itself_runs_under_that_rule() -> None:
    listed = ran("pytest", "--trace-config", "--collect-only", "-q", "tests/core/test_span.py")
    assert "tests.no_skips" in sys.modules, listed.stdout
