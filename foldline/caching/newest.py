"""An author's newest tweets as one page, and what of a span it answers."""

from typing import Final

from foldline.core.ids import IntArray
from foldline.core.span import Direction, Span

PAGE: Final = 256  # ids; a first page of the API asks for half of it


def cut(page: IntArray, span: Span) -> IntArray | None:
    """The ids of `span`, in its order, from the newest `PAGE` ids of an author, descending; None
    where these do not reach down far enough. Nothing may be above the span."""
    inside = page[page > span.above]
    reaches = page.size < PAGE or int(page[-1]) <= span.above + 1
    if span.direction is Direction.NEWER:
        return inside[::-1][: span.limit] if reaches else None
    return inside[: span.limit] if reaches or inside.size >= span.limit else None
