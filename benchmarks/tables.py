"""Tables in Markdown."""

from collections.abc import Iterable, Iterator


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table, and an empty one."""
    for row in (head, tuple("---" for _ in head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def verdict(goal: str, held: bool) -> str:
    """Whether a goal was held."""
    return f"{goal}: {'held' if held else '**missed**'}"
