"""A circuit breaker: a part that has failed a few times in a row is left alone for a while."""

from foldline.clock import Clock


class Breaker:
    """Open, for `rest_s`, once `failures` calls in a row have failed; after that the first failure
    opens it again."""

    def __init__(self, failures: int, rest_s: float, clock: Clock) -> None:
        self._most = failures
        self._rest_s = rest_s
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    def is_open(self) -> bool:
        """Whether no call should be made now."""
        return self._failures >= self._most and self._clock.monotonic() < self._open_until

    def worked(self) -> None:
        """A call was answered."""
        self._failures = 0

    def failed(self) -> None:
        """A call was not."""
        self._failures += 1
        self._open_until = self._clock.monotonic() + self._rest_s
