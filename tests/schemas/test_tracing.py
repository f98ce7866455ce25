"""W3C Trace Context: https://www.w3.org/TR/trace-context-2/#traceparent-header."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.tracing import TraceContext, continue_trace

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01"
SHAPE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]")


def test_a_child_keeps_the_trace_and_gets_a_span_of_its_own() -> None:
    sent = continue_trace(GOOD)
    assert SHAPE.fullmatch(sent)
    assert sent[:36] == GOOD[:36]
    assert sent[36:52] != SPAN
    assert sent.endswith("-01")
    assert len({continue_trace(GOOD) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("incoming", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f"00-{TRACE}-{SPAN}-02", "02"),
        (f"00-{TRACE}-{SPAN}-ff", "03"),
        (f"cc-{TRACE}-{SPAN}-09", "01"),
    ],
)
def test_flags_that_are_not_defined_are_not_passed_on(incoming: str, flags: str) -> None:
    assert continue_trace(incoming)[-2:] == flags


@pytest.mark.parametrize(
    "incoming", [f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", f"01-{TRACE}-{SPAN}-01"]
)
def test_later_versions_are_read_as_far_as_this_one_goes(incoming: str) -> None:
    context = TraceContext.parse(incoming)
    assert context == TraceContext(TRACE, SPAN, 1)
    assert continue_trace(incoming).startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    "incoming",
    [
        None, "", "nonsense", GOOD.upper(), GOOD + "-", GOOD + "-more", GOOD[:-1], GOOD + "1", " " + GOOD, GOOD + "\n",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}-0x", f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.x", f"cc-{TRACE}-{SPAN}-01-" + "x" * 5000, f"00-{TRACE}-{SPAN}-٠١",
    ],
)  # fmt: skip
def test_what_cannot_be_read_starts_a_new_trace(incoming: str | None) -> None:
    assert TraceContext.parse(incoming) is None
    sent = continue_trace(incoming)
    assert SHAPE.fullmatch(sent)
    assert TRACE not in sent


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", fullmatch=True))
def test_anything_gives_a_valid_header(incoming: str) -> None:
    sent = continue_trace(incoming)
    assert SHAPE.fullmatch(sent)
    assert str(TraceContext.parse(sent)) == sent
