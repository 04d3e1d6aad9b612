"""The gates hold, and each of them can fail: imports, coverage of the core, no skipped test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import no_skips
from tests.mutants.__main__ import Mutant, mutants
from tests.structure.tree import ROOT

TIMEOUT_S = 120


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


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.patch.stem)
def test_a_known_bug_can_still_be_planted(mutant: Mutant) -> None:
    command = ["git", "apply", "--check", str(mutant.patch)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
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
    "test_body.py": "import pytest\ndef test_a(): pytest.skip('why')",
    "test_mark.py": "import pytest\n@pytest.mark.skip\ndef test_a(): pass",
    "test_module.py": "import pytest\npytest.skip('why', allow_module_level=True)",
}


@pytest.mark.full
def test_a_skipped_test_fails_under_ci_and_only_there(tmp_path: Path) -> None:
    for name, source in SKIPS.items():
        (tmp_path / name).write_text(source)
    plain = ("-c", os.devnull, "-p", "no:cacheprovider", "--continue-on-collection-errors")
    said = {
        ci: ran("pytest", *plain, "-p", "tests.no_skips", str(tmp_path), CI=ci).stdout
        for ci in ("true", "")
    }
    assert "= 1 failed, 2 errors in" in said["true"]
    assert "= 3 skipped in" in said[""]


@pytest.mark.parametrize("hook", ["pytest_runtest_makereport", "pytest_make_collect_report"])
def test_the_suite_itself_runs_under_that_rule(pytestconfig: pytest.Config, hook: str) -> None:
    called = getattr(pytestconfig.hook, hook).get_hookimpls()
    assert getattr(no_skips, hook) in {implementation.function for implementation in called}
