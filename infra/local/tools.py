"""The programs that the local engines need: Java 17, Maven, Redis."""

import os
import shutil
import subprocess
from pathlib import Path

from infra.engine import EngineError, Say

_INSTALL = Path(__file__).with_name("install.sh")
_INSTALL_TIMEOUT_S = 600
_JAVA = "openjdk-17-jre-headless"
_MAVEN = "maven"
_REDIS = "redis-server"


def java() -> str:
    """The path of a Java 17 (Cassandra 5 runs on none newer). Raises EngineError."""
    path = _find_java()
    if path is None:
        raise EngineError("Java 17 is missing: run infra/local/install.sh")
    return path


def has_redis() -> bool:
    """Whether this machine has a redis-server."""
    return shutil.which(_REDIS) is not None


def redis_server() -> str:
    """The path of redis-server. Raises EngineError."""
    path = shutil.which(_REDIS)
    if path is None:
        raise EngineError("redis-server is missing: run infra/local/install.sh")
    return path


def install_missing(say: Say) -> None:
    """Install what is missing where that is possible. Raises EngineError elsewhere."""
    missing = _missing()
    if not missing:
        return
    say(f"installing {', '.join(missing)}")
    try:
        result = subprocess.run(
            [str(_INSTALL), *missing],
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            f"installing {', '.join(missing)} took longer than {_INSTALL_TIMEOUT_S} s"
        ) from error
    still = _missing()
    if result.returncode != 0 or still:
        said = (result.stderr or result.stdout).strip()[-2000:]
        raise EngineError(f"not installed: {', '.join(still or missing)}\n{said}")


def _missing() -> list[str]:
    found = {
        _JAVA: _find_java(),
        _MAVEN: shutil.which("mvn"),
        _REDIS: shutil.which("redis-server"),
    }
    return [package for package, path in found.items() if path is None]


def _find_java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home, "bin", "java")] if home else []
    on_path = shutil.which("java")
    if on_path:
        candidates.append(Path(on_path))
    candidates += sorted(Path("/usr/lib/jvm").glob("*17*/bin/java"))
    return next((str(path) for path in candidates if _is_17(path)), None)


def _is_17(path: Path) -> bool:
    if not path.is_file():
        return False
    shown = subprocess.run([str(path), "-version"], capture_output=True, text=True, check=False)
    return ' version "17' in shown.stderr
