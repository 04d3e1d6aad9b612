"""A span without bounds is the whole timeline, and directions go over the wire as they are."""

from foldline.core.ids import MAX_ID
from foldline.core.span import Direction, Span


def test_a_bare_span_holds_every_id_and_goes_down() -> None:
    span = Span(20)
    assert (span.above, span.below, span.direction) == (0, MAX_ID, Direction.OLDER)


def test_directions_keep_their_numbers_since_cursors_carry_them() -> None:
    assert (int(Direction.OLDER), int(Direction.NEWER)) == (0, 1)
