"""How a fan-out is cut into mutations."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.deliveries import Deliveries
from foldline.core.ids import buckets_of
from foldline.views.cassandra_timelines import slices


@given(
    users=st.lists(st.integers(1, 1 << 62), min_size=1, max_size=200),
    buckets=st.integers(1, 9),
    max_rows=st.integers(1, 50),
)
def test_every_row_is_in_one_slice_of_its_own_bucket(
    users: list[int], buckets: int, max_rows: int
) -> None:
    count = len(users)
    column = np.array(users, dtype=np.int64)
    places = np.arange(count, dtype=np.int64)
    rows = Deliveries(column, places, places + 1, places + 2, places % 2 == 0)
    seen = []
    for bucket, part in slices(rows, buckets, max_rows):
        assert 0 < len(part) <= max_rows
        assert set(buckets_of(part.users, buckets).tolist()) == {bucket}
        at = part.tweets
        assert part.users.tolist() == column[at].tolist()
        assert (part.authors - at == 1).all()
        assert (part.stamps - at == 2).all()
        assert (part.alive == (at % 2 == 0)).all()
        seen += at.tolist()
    assert sorted(seen) == list(range(count))
