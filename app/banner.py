"""What a started installation says of itself."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def show(console: Console, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """An aligned banner: a title, then a name and a value on each line."""
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(f"  {name}", value)
    console.print()
    console.print(title, style="bold")
    console.print(table, soft_wrap=True)
    console.print()
