from foldline.core.effects import Effect, PutEdge, SetCounts, newest_counts


def test_counts_that_a_later_one_replaces_are_left_out() -> None:
    one, two = PutEdge(1, 2, stamp=5), PutEdge(3, 2, stamp=6)
    effects: list[Effect] = [
        one,
        SetCounts(2, 1, 0, stamp=5),
        SetCounts(9, 4, 4, stamp=5),
        two,
        SetCounts(2, 2, 0, stamp=6),
    ]
    assert newest_counts(effects) == [one, effects[2], two, effects[4]]
    assert newest_counts([]) == []
