"""A later release of `foldline`: in it a posted tweet is at the version behind today's, with the
same fields. Run as `python -m tests.faults.later_release`, with the command's own arguments."""

from foldline.core.codec import UPCASTS
from foldline.core.events import TweetPosted

TODAY = TweetPosted.VERSION
TweetPosted.VERSION = TODAY + 1
UPCASTS[TweetPosted.__name__, TODAY] = lambda payload: payload  # type: ignore[index]

if __name__ == "__main__":
    from app.main import main

    main()
