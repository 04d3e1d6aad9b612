"""`foldline` with a bug in its fold: an unfollow is not heard of."""

from typing import Any

from app.main import main
from foldline.core import fold, survivors
from foldline.core.events import UserUnfollowed
from foldline.core.folded import Folded


def deaf(audience: Any, event: Any, stamp: int, **more: Any) -> Folded:
    if isinstance(event, UserUnfollowed):
        return Folded(audience, [])
    return fold.fold(audience, event, stamp, **more)


survivors.fold = deaf  # type: ignore[attr-defined]

if __name__ == "__main__":
    main()
