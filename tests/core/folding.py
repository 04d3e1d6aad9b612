"""Folding by hand: effects that can be compared."""

from typing import Any

import numpy as np

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.fold import fold
from foldline.core.folded import Folded

STAMP = 77


def folded(
    audience: Audience,
    event: ev.Event,
    stamp: int = STAMP,
    *,
    cap: int = 800,
    settled: bool = False,
) -> Folded:
    return fold(audience, event, stamp, cap=cap, settled=settled)


def plain(effect: fx.Effect) -> tuple[Any, ...]:
    """An effect as a tuple that can be compared."""
    values = (getattr(effect, name) for name in effect.__struct_fields__)
    shown = (v.tolist() if isinstance(v, np.ndarray) else v for v in values)
    return (type(effect), *shown)


def effects_of(
    audience: Audience, event: ev.Event, *, cap: int = 800, settled: bool = False
) -> list[tuple[Any, ...]]:
    return [plain(effect) for effect in folded(audience, event, cap=cap, settled=settled).effects]
