"""The interval of a calibration error, where it is plain what it must be."""

from lab.quality.page_confidence import interval


def test_whole_pages_are_drawn() -> None:
    sure_and_right, sure_and_wrong = [(1.0, True)] * 3, [(1.0, False)] * 3

    assert interval([sure_and_right] * 4) == (0.0, 0.0)
    assert interval([sure_and_wrong] * 4) == (1.0, 1.0)
    low, high = interval([sure_and_right, sure_and_wrong])
    assert (low, high) == (0.0, 1.0), "of two pages a draw may have either twice"
