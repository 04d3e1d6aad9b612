"""Flame graphs: stacks, and how often each was seen, as one SVG picture.

A frame is as wide as its share of all samples, and stands on the frame that called it. Frames too
narrow to be seen are left out. Hovering shows the whole name and the share.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_WIDE: Final = 1_200.0
_HIGH: Final = 16
_LETTER: Final = 6.2
_LEAST: Final = 0.002  # of all samples
_STYLE: Final = "font: 10px ui-monospace, monospace; background: #ffffff"


@dataclass(slots=True)
class _Frame:
    name: str
    count: int = 0
    above: "dict[str, _Frame]" = field(default_factory=dict)


def flame_graph(collapsed: str, title: str) -> str:
    """The picture of stacks as profilers print them: a line each, `outermost;…;innermost count`."""
    root = _Frame(title)
    for line in collapsed.splitlines():
        stack, _, count = line.rpartition(" ")
        _add(root, stack.split(";"), int(count))
    rows = list(_rows(root, 0, 0.0, root.count))
    high = (max(depth for depth, *_ in rows) + 1) * _HIGH
    body = "\n".join(_drawn(high, root.count, *row) for row in rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE:g} {high}" '
        f'style="{_STYLE}">\n{body}\n</svg>\n'
    )


def _add(root: _Frame, stack: list[str], count: int) -> None:
    frame = root
    frame.count += count
    for name in stack:
        frame = frame.above.setdefault(name, _Frame(name))
        frame.count += count


def _rows(
    frame: _Frame, depth: int, left: float, total: int
) -> Iterator[tuple[int, float, _Frame]]:
    yield depth, left, frame
    for above in sorted(frame.above.values(), key=lambda each: each.name):
        if above.count >= _LEAST * total:
            yield from _rows(above, depth + 1, left, total)
        left += above.count / total


def _drawn(high: int, total: int, depth: int, left: float, frame: _Frame) -> str:
    wide = frame.count / total * _WIDE
    x, y = left * _WIDE, high - (depth + 1) * _HIGH
    hue = 20 + zlib.crc32(frame.name.encode()) % 40
    said = quoteattr(f"{frame.name}: {frame.count / total:.1%}")
    room = int(wide / _LETTER) - 1
    name = frame.name if len(frame.name) <= room else f"{frame.name[: max(0, room - 1)]}…"
    shown = f'<text x="{x + 3:.1f}" y="{y + 11}">{escape(name)}</text>' if room > 3 else ""
    return (
        f"<g><title>{said[1:-1]}</title>"
        f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{_HIGH - 1}" '
        f'fill="hsl({hue} 80% 66%)"/>{shown}</g>'
    )
