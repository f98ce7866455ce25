"""The query language: what is read, and what is refused in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.search.language import And, Mistake, Node, Not, Or, Words, everything, leaves, parse


def shown(node: Node | None) -> str:
    """The tree in brackets."""
    if node is None:
        return ""
    if isinstance(node, Words):
        text = " ".join(node.tokens) + "*" * node.prefix
        return f'"{text}"' if node.verbatim else text
    if isinstance(node, Not):
        return f"-{shown(node.part)}"
    return ("[{}]" if isinstance(node, And) else "<{}>").format(" ".join(shown(part) for part in node.parts))


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("bridge", "bridge"),
        ("Bridge  REOPEN", "[bridge reopen]"),
        ("bridge AND reopen", "[bridge reopen]"),
        ("bridge OR tunnel nato", "<bridge [tunnel nato]>"),
        ("(bridge OR tunnel) nato", "[<bridge tunnel> nato]"),
        ("bridge NOT tunnel", "[bridge -tunnel]"),
        ("-tunnel bridge", "[-tunnel bridge]"),
        ("bridge NOT (tunnel OR nato)", "[bridge -<tunnel nato>]"),
        ("bridge NOT NOT tunnel", "[bridge tunnel]"),
        ('"The bridge, will"', '"the bridge will"'),
        ("“bridge will” „tunnel“ «nato»", '["bridge will" "tunnel" "nato"]'),
        ("=reopen", '"reopen"'),
        ('="will reopen"', '"will reopen"'),
        ("reop*", "reop*"),
        ("check-po*", "check po*"),
        ("bridge and not or tunnel", "[bridge and not or tunnel]"),
        ("Lee - bridge — tunnel", "[lee bridge tunnel]"),
        ("U.S.", "us"),
        ("", ""),
        ("! … -", ""),
        ("&| '; DROP TABLE search; --", "[drop table search]"),
    ],
)
def test_what_is_read(query: str, tree: str) -> None:
    assert shown(parse(query)) == tree


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("NOT tunnel", "at least one word"),
        ("-tunnel -nato", "at least one word"),
        ("bridge OR -tunnel", "each side of OR"),
        ("bridge (NOT tunnel NOT nato)", "at least one word"),
        ("(bridge", "parenthesis is open"),
        ("bridge (", "parenthesis is open"),
        ("bridge)", "closing parenthesis"),
        ("()", "Between the parentheses"),
        ("bridge AND", "After AND"),
        ("bridge OR", "After OR"),
        ("OR bridge", "OR stands between"),
        ("bridge AND OR tunnel", "OR stands between"),
        ("bridge NOT", "After NOT"),
        ('"bridge will', "quotation mark is open"),
        ('"bridge will"*', "not on a phrase"),
        ("re*open", "at the end of a word"),
        ("*", "at the end of a word"),
        ("a*", "at least 2 letters"),
        ("(" * 17 + "a" + ")" * 17, "parentheses fit"),
        ("a " * 33, "At most 32"),
    ],
)
def test_what_is_refused(query: str, words: str) -> None:
    with pytest.raises(Mistake, match=words):
        parse(query)


@given(st.text(alphabet=st.sampled_from("ab éж会 ()\"“*=-|&'\\:!<>\0\n") | st.characters(), max_size=60))
def test_anything_is_read_or_refused(query: str) -> None:
    try:
        tree = parse(query)
    except Mistake:
        return
    assert (tree is None) == (not leaves(tree))
    for words in everything(tree):
        assert words.tokens
        assert 0 <= words.start < words.end <= len(query)
    assert shown(parse(query)) == shown(tree)


def test_or_never_holds_a_not() -> None:
    tree = parse("(a OR b) -c (d OR (e -f))")
    assert isinstance(tree, And)
    assert all(
        not isinstance(part, Not) for node in tree.parts if isinstance(node, Or) for part in node.parts
    )
