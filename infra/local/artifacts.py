"""The engines' jars: named by a pom, fetched once per user by Maven."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from infra.engine import EngineError, Say
from infra.local.state import locked

_HERE = Path(__file__).parent
_FETCH_TIMEOUT_S = 900
_VERSION = "{http://maven.apache.org/POM/4.0.0}properties/{*}engine.version"


def version(name: str) -> str:
    """The engine's version that its pom pins."""
    found = ElementTree.parse(_pom(name)).getroot().findtext(_VERSION)  # noqa: S314 our own file
    if found is None:
        raise EngineError(f"{_pom(name)} pins no engine.version")
    return found


def library(name: str) -> Path:
    """The directory of an engine's jars, whether it is there yet or not."""
    digest = hashlib.sha256(_pom(name).read_bytes()).hexdigest()[:12]
    return _cache() / f"{name}-{digest}"


def fetch(name: str, say: Say) -> None:
    """Fetch an engine's jars unless they are there. Raises EngineError."""
    target = library(name)
    if target.is_dir():
        return
    # One lock for all: Maven's own repository does not bear two writers.
    with locked(_cache() / "fetch.lock"):
        if target.is_dir():
            return
        say(f"fetching {name} {version(name)} with Maven, once")
        draft = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".part", dir=_cache()))
        try:
            _copy_dependencies(name, draft)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _copy_dependencies(name: str, into: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(_pom(name)), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={into}"]
    try:
        result = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_FETCH_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{name}: Maven took longer than {_FETCH_TIMEOUT_S} s") from error
    if result.returncode != 0 or not any(into.glob("*.jar")):
        raise EngineError(
            f"{name}: Maven could not fetch the jars. Can it reach its repository? "
            f"Try: {' '.join(command)}\n{result.stdout[-2000:]}"
        )


def _pom(name: str) -> Path:
    return _HERE / name / "pom.xml"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "foldline", "engines")
