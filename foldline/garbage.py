"""How often Python looks for cycles of objects that nobody has any more.

By default it looks each time 700 objects are more, and finds nothing: what events are folded into
stays, is much, and has no cycles. A worker spent three tenths of its processor time on that, a
ledger of a long log more than half.
"""

import gc
from typing import Final

_SELDOM: Final = (50_000, 20, 100)
_IN_PIECES: Final = (5_000, 50, 1_000)


def collect_seldom() -> None:
    """From here on in this process; what cycles there are still go, in their time."""
    gc.set_threshold(*_SELDOM)


def collect_in_pieces() -> None:
    """The same for who answers requests, which wait for each look: what is there now is never
    looked at again, and what comes is by a tenth as much at once."""
    gc.freeze()
    gc.set_threshold(*_IN_PIECES)
