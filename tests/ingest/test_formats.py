"""Articles as agencies' standards and other programs write them down; the examples are made after the
standards' own and the programs' output.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import ArticleStatus
from services.ingest.readers import Limits, Offer, Refusal
from tests.support.arrivals import LIMITS, NOW, items, one_article, one_refusal

EXAMPLES = Path(__file__).parent / "examples"
MORNING = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DAY = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESS = "https://gazette.example/2026/tunnel"


def example(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "published_at", "outlet", "content_type"),
    [
        ("ninjs-1.5.json", MORNING, "Gazette", "text/plain"),
        ("ninjs-2.1.json", MORNING, "Gazette", "text/html"),
        ("ninjs-3.1.json", MORNING, "Gazette", "text/html"),
        ("newsml-g2.xml", MORNING, "Gazette", "text/html"),
        ("feed-1.1.json", MORNING, "gazette.example", "text/html"),
        ("trafilatura.json", DAY, "Gazette", "text/plain"),
        ("fundus.json", MORNING, "Gazette", "text/plain"),
        ("news-please.jsonl", MORNING, "gazette.example", "text/plain"),
        ("table.csv", MORNING, "Gazette", "text/plain"),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_article_as_each_writes_it(
    name: str, published_at: datetime, outlet: str, content_type: str, mark: bytes
) -> None:
    article = one_article(name, mark + example(name))
    assert article.url == ADDRESS
    assert article.title == "Tunnel opens after two years"
    assert article.authors == ("Ida Holm", "Jan Berg")
    assert (article.published_at, article.outlet, article.language) == (published_at, outlet, "en")
    assert article.content_type == content_type
    assert "“The tunnel will open in March,” Transport Minister Eva Lind said." in article.content
    assert "Work began two years ago" in article.content


def test_ninjs_of_every_version_carries_identity_and_status() -> None:
    for name in ("ninjs-1.5.json", "ninjs-2.1.json", "ninjs-3.1.json"):
        (item,) = items(name, example(name))
        assert isinstance(item, Offer)
        assert (item.article.revision, item.revision_given) == (2, True)
        fields = json.loads(example(name))
        key = "pubStatus" if "pubStatus" in fields else "pubstatus"
        withdrawn = one_article("a.json", json.dumps(fields | {key: "canceled", "version": "3"}).encode())
        assert (withdrawn.status, withdrawn.article_id, withdrawn.revision) == (
            ArticleStatus.WITHDRAWN,
            item.article.article_id,
            3,
        )


def test_ninjs_1_knows_an_embargo() -> None:
    fields = json.loads(example("ninjs-1.5.json")) | {"embargoed": "2027-01-01T00:00:00Z"}
    assert one_refusal("a.json", json.dumps(fields).encode()).reason == "embargoed"


@pytest.mark.parametrize("moment", ["2026-11-22T12:30:00", "2026-11-22", "20261122T123000", "soon", ""])
@pytest.mark.parametrize("key", ["embargoedUntil", "embargoed"])
def test_an_embargo_without_a_zone_is_refused_because_a_guess_might_end_it_early(
    key: str, moment: str
) -> None:
    fields = json.loads(example("ninjs-3.1.json")) | {key: moment}
    refusal = one_refusal("a.json", json.dumps(fields).encode())
    assert refusal.reason == "schema"
    assert "embargo" in refusal.message
    element = f"<embargoed>{moment}</embargoed><pubStatus"
    xml = example("newsml-g2.xml").decode().replace("<pubStatus", element)
    assert one_refusal("a.xml", xml.encode()).reason == ("schema" if moment else "embargoed")


@pytest.mark.parametrize(
    "empty", ["<embargoed/>", "<embargoed> </embargoed>", "<embargoed><!-- open --></embargoed>"]
)
def test_newsml_under_embargo_without_an_end_is_refused(empty: str) -> None:
    text = example("newsml-g2.xml").decode().replace("<pubStatus", f"{empty}<pubStatus")
    refusal = one_refusal("a.xml", text.encode())
    assert refusal.reason == "embargoed"
    assert "no time at which it ends" in refusal.message
    withheld = one_article("a.xml", text.replace("stat:usable", "stat:withheld").encode())
    assert withheld.status is ArticleStatus.WITHDRAWN


@pytest.mark.parametrize(
    ("name", "column"), [("a.jsonl", "embargoed_until"), ("a.json", "Embargo"), ("a.csv", "embargoedUntil")]
)
def test_an_embargo_is_left_out_of_no_article(name: str, column: str) -> None:
    fields = {"content": "The bridge reopens.", column: "2027-01-01T00:00:00Z"}
    data = (
        json.dumps(fields)
        if name != "a.csv"
        else "\n".join(",".join(row) for row in (fields, fields.values()))
    )
    refusal = one_refusal(name, data.encode())
    assert refusal.reason == "embargoed"
    assert column in refusal.message
    trafilatura = json.loads(example("trafilatura.json"))
    assert (
        one_refusal("a.json", json.dumps(trafilatura | {column: "2027-01-01"}).encode()).reason == "embargoed"
    )
    assert one_article("a.json", json.dumps(trafilatura | {column: None}).encode()).url == ADDRESS
    withdrawn = {"status": "withdrawn", "url": ADDRESS, column: "2027-01-01"}
    assert one_article("a.json", json.dumps(withdrawn).encode()).status is ArticleStatus.WITHDRAWN


def test_ninjs_and_newsml_say_that_a_moment_was_taken_as_utc() -> None:
    noted = ("published_at names no time zone, taken as UTC",)
    fields = json.loads(example("ninjs-3.1.json"))
    assert notes("a.json", json.dumps(fields).encode()) == ()
    for moment in ("2026-03-01", "2026-03-01T09:30:00", "20260301T093000"):
        assert notes("a.json", json.dumps(fields | {"firstCreated": moment}).encode()) == noted
        xml = re.sub(r"(<firstCreated>)[^<]*", rf"\g<1>{moment}", example("newsml-g2.xml").decode())
        assert notes("a.xml", xml.encode()) == noted


@pytest.mark.parametrize("moment", ["2026-03-01", "2026-03-01T00:00:00"])
def test_ninjs_takes_a_day_and_a_moment_without_a_zone(moment: str) -> None:
    fields = json.loads(example("ninjs-3.1.json")) | {
        "firstCreated": moment,
        "headlines": None,
        "organisations": None,
    }
    article = one_article("a.json", json.dumps(fields).encode())
    assert (article.published_at, article.title) == (DAY, None)


def test_newsml_withdrawals_embargoes_pictures_and_messages() -> None:
    text = example("newsml-g2.xml").decode()
    withdrawn = one_article("a.xml", text.replace("stat:usable", "stat:withheld").encode())
    assert withdrawn.status is ArticleStatus.WITHDRAWN
    assert one_refusal("a.xml", text.replace("ninat:text", "ninat:picture").encode()).reason == "not_text"
    embargo = text.replace("<pubStatus", "<embargoed>2027-01-01T00:00:00Z</embargoed><pubStatus")
    assert one_refusal("a.xml", embargo.encode()).reason == "embargoed"
    item = text.partition("?>")[2]
    inside = item + item.replace("/tunnel", "/bridge")
    message = (
        f"<newsMessage xmlns='http://iptc.org/std/nar/2006-10-01/'><itemSet>{inside}</itemSet></newsMessage>"
    )
    both = items("a.xml", message.encode())
    assert [one.article.url for one in both if isinstance(one, Offer)] == [
        ADDRESS,
        "https://gazette.example/2026/bridge",
    ]
    assert all(isinstance(one, Offer) and one.reencoded for one in both)


def newsml_body(markup: str) -> str:
    text = re.sub(
        r"<inlineXML.*</inlineXML>",
        lambda _: f"<inlineXML>{markup}</inlineXML>",
        example("newsml-g2.xml").decode(),
        flags=re.DOTALL,
    )
    return one_article("a.xml", text.encode()).content


XHTML = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Not the text</title><style>p'
    " {{}}</style></head><body>{}</body></html>"
)


@pytest.mark.parametrize(
    ("markup", "paragraphs"),
    [
        ("<p>One.</p>Beside.<p>Two.</p>", ["One.", "Beside.", "Two."]),
        (
            "<div>“It rains,” he <b>said</b>.</div><div><div>Two.</div>Tail.</div>",
            ["“It rains,” he said.", "Two.", "Tail."],
        ),
        ("Bare words, <i>no</i> markup.", ["Bare words, no markup."]),
        ("<p>One<br/>line</p><!-- no --><script>no()</script>", ["One line"]),
        ("<ul><li>One<p>Two</p>three</li></ul>", ["One", "Two", "three"]),
        ("<table><tr><th>Name</th><td>Votes &amp; seats</td></tr></table>", ["Name", "Votes & seats"]),
        ("<section><h2>Head</h2>Words</section>", ["Head", "Words"]),
    ],
)
def test_newsml_keeps_all_words_of_a_body(markup: str, paragraphs: list[str]) -> None:
    assert newsml_body(XHTML.format(markup)) == "".join(f"<p>{escape(words)}</p>" for words in paragraphs)


def test_newsml_keeps_all_words_of_nitf() -> None:
    nitf = """<nitf xmlns="http://iptc.org/std/NITF/2006-10-18/"><head><title>No</title><docdata><doc-id id-string="1"/></docdata></head>
    <body><body.head><hedline><hl1>Tunnel <em>opens</em></hl1></hedline><dateline><location>Bergen</location></dateline></body.head>
    <body.content><block>Beside. <p>“In March,” <person>Eva Lind</person> said.</p><bq><block><p>Quoted.</p></block></bq>After.</block>
    </body.content></body></nitf>"""
    assert newsml_body(nitf) == "".join(
        f"<p>{words}</p>"
        for words in ("Tunnel opens", "Bergen", "Beside.", "“In March,” Eva Lind said.", "Quoted.", "After.")
    )


def test_newsml_messages_of_any_number_are_read_to_the_end() -> None:
    message = (
        b"<newsMessage xmlns='http://iptc.org/std/nar/2006-10-01/'>"
        + b"<newsItem/>" * 10_050
        + b"</newsMessage>"
    )
    assert len(items("a.xml", message)) == 10_050


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<rss><channel/></rss>", "is rss, and holds no newsItem"),
        (b"not XML", "not well-formed"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "entities"),
        (b"<a>" * 5_000, "not well-formed"),
        (b"", "not well-formed"),
    ],
)
def test_other_xml_is_refused(data: bytes, words: str) -> None:
    refusal = one_refusal("a.xml", data)
    assert refusal.reason == "not_xml"
    assert words in refusal.message


def test_a_json_feed_is_its_items_and_a_bad_one_does_not_stop_the_others() -> None:
    feed = json.loads(example("feed-1.1.json"))
    feed["items"] += [
        7,
        {"id": "x", "content_text": ""},
        {"id": "https://gazette.example/2", "content_text": "Second.", "date_published": "2026-03-02"},
    ]
    found = items("a.json", json.dumps(feed).encode())
    assert [type(item).__name__ for item in found] == ["Offer", "Refusal", "Refusal", "Offer"]
    last = found[3]
    assert isinstance(last, Offer)
    assert last.article.authors == ("Gazette Newsroom",)
    assert last.article.published_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_fundus_sections_are_paragraphs() -> None:
    assert one_article("a.json", example("fundus.json")).content.split("\n\n") == [
        "The minister names a month.",
        "“The tunnel will open in March,” Transport Minister Eva Lind said.",
        "Delays",
        "Work began two years ago and cost twice what was planned.",
    ]


def test_what_news_please_does_not_know_is_not_known() -> None:
    fields = json.loads(example("news-please.jsonl")) | {"date_publish": "None", "authors": [], "title": None}
    article = one_article("a.jsonl", json.dumps(fields).encode())
    assert (article.published_at, article.authors, article.title) == (
        None,
        (),
        "Tunnel opens after two years",
    )


def notes(name: str, data: bytes, limits: Limits = LIMITS) -> tuple[str, ...]:
    (item,) = items(name, data, limits)
    assert isinstance(item, Offer), str(item)
    return item.notes


@pytest.mark.parametrize(
    ("fields", "noted"),
    [
        ({}, ()),
        ({"authors": None, "title": None, "language": None, "published_at": None, "revision": None}, ()),
        ({"colour": 1, "views": 7}, ("left out what is no field of article.v1: colour, views",)),
        ({"published_at": "2026-03-01"}, ("published_at names no time zone, taken as UTC",)),
        ({"published_at": "2026-03-01T09:30:00Z"}, ()),
        ({"fetched_at": "2026-03-01"}, ()),
    ],
)
def test_our_own_articles_are_read_forgivingly_and_it_is_said(
    fields: dict[str, Any], noted: tuple[str, ...]
) -> None:
    assert notes("a.jsonl", json.dumps({"content": "The bridge reopens."} | fields).encode()) == noted


def test_a_table_with_columns_named_by_the_settings() -> None:
    data = "Nr;Beitrag;Wann;Verweis;text\n1;Die Brücke öffnet.;01.03.2026;https://a.example/1;Vorspann\n".encode()
    limits = Limits(100_000, (("content", "beitrag"), ("url", "Verweis")))
    (item,) = items("a.csv", data, limits)
    assert isinstance(item, Offer)
    assert (item.article.content, item.article.url, item.article.published_at) == (
        "Die Brücke öffnet.",
        "https://a.example/1",
        None,
    )
    assert item.notes == ("left out what is no field of article.v1: Nr, Wann, text",)
    assert item.original == data.splitlines()[1]


def test_rows_stand_for_themselves() -> None:
    data = (
        b'url,text,date\nhttps://a.example/1,"One, with\na line break and'
        b' ""marks"".",2026-03-01\n\nhttps://a.example/2,,\nhttps://a.example/3,Three.,soon\nhttps://a.example/4,Four.\n'
    )
    found = items("a.csv", data)
    assert [type(item).__name__ for item in found] == ["Offer", "Refusal", "Refusal", "Offer"]
    first = found[0]
    assert isinstance(first, Offer)
    assert first.article.content == 'One, with\na line break and "marks".'
    assert first.original == b'https://a.example/1,"One, with\na line break and ""marks"".",2026-03-01'
    assert [item.reason for item in found if isinstance(item, Refusal)] == ["empty", "schema"]
    assert found[3].arrival.name == "a.csv row 5"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_told_from_the_first_row(separator: str) -> None:
    data = separator.join(("Title", "Body")) + "\n" + separator.join(("Tunnel", "It opens.")) + "\n"
    assert one_article("a.tsv", data.encode()).title == "Tunnel"


def test_a_row_with_more_cells_than_the_first_is_refused_and_no_other() -> None:
    data = (
        b"url,text\nhttps://a.example/1,It rains, he"
        b" said.\nhttps://a.example/2,Two.,,\nhttps://a.example/3,Three.\n"
    )
    long, blank, last = items("a.csv", data)
    assert isinstance(long, Refusal)
    assert (long.reason, long.original) == ("not_table", b"https://a.example/1,It rains, he said.")
    assert "3 cells" in long.message
    assert "2 columns" in long.message
    assert [item.article.content for item in (blank, last) if isinstance(item, Offer)] == ["Two.", "Three."]


@pytest.mark.parametrize(
    ("head", "asked", "taken", "left"),
    [
        ("text,content", None, 1, "text"),
        ("content,content", None, 0, "column content"),
        ("text,Body", None, 0, "column Body"),
        ("text,content", "text", 0, "column content"),
        ("Body,text", "text", 1, "Body"),
    ],
)
def test_of_two_columns_for_one_field_one_is_taken_and_the_other_named(
    head: str, asked: str | None, taken: int, left: str
) -> None:
    limits = Limits(100_000, (("content", asked),) if asked else ())
    (item,) = items("a.csv", f"{head}\nOne.,Another.\n".encode(), limits)
    assert isinstance(item, Offer), str(item)
    assert item.article.content == ("One.", "Another.")[taken]
    assert item.notes == (f"left out what is no field of article.v1: {left}",)


def test_a_first_row_may_have_line_breaks_in_it() -> None:
    assert one_article("a.csv", b'"the\naddress","Text"\nx,It rains.\n').content == "It rains."


cells = st.lists(st.text(st.sampled_from('ab ,;|\t\n"“é\u2028\x0b'), max_size=12), min_size=2, max_size=2)


@given(
    rows=st.lists(cells, max_size=5), separator=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"])
)
def test_every_cell_that_a_table_was_made_of_comes_back(
    rows: list[list[str]], separator: str, end: str
) -> None:
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=separator, lineterminator=end)
    writer.writerows([["Title", "Text"], *rows])
    found = items("a.csv", made.getvalue().encode())
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert len(found) == len(filled)
    for item, (_, text) in zip(found, filled, strict=True):
        assert isinstance(item, Offer) == bool(text.strip()), str(item)
        assert not isinstance(item, Offer) or item.article.content == text


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"text\rOne.\rTwo.\r", "not_table", "LF"),
        (b"text,url\nOne.,x\rTwo.,y\r", "not_table", "LF"),
        (b'"text\nOne.\n', "not_table", "row 0"),
        (b'text\n"One" and "two"\nThree.\n', "not_table", "row 1"),
        (b'text\nOne.\n"Two', "not_table", "row 2"),
        (b"", "empty", "first row"),
        (b"a,b\n1,2\n", "not_table", "no column that holds the articles' text among a, b"),
        (b'text\n"never closed' + b"x\n" * 200_000, "too_large", "never closed"),
        (b"text\n\xff\x00\n", "binary", "NUL"),
    ],
)
def test_tables_that_cannot_be_read(data: bytes, reason: str, words: str) -> None:
    found = items("a.csv", data)
    refusal = found[-1]
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert words in refusal.message


def test_a_first_row_of_long_cells_is_read_in_a_process_of_its_own() -> None:
    # a field's limit is the process's, and other tests may have raised it
    made = (
        "import io; from tests.support.arrivals import items; print(items('a.csv', b'x' * 200_000 +"
        " b',text\\ny,One.\\n'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", made], capture_output=True, text=True, check=False, cwd=EXAMPLES.parents[2]
    )
    assert "content='One.'" in done.stdout, done.stderr[-2_000:]


def test_examples_that_were_fetched_say_when() -> None:
    assert one_article("a.jsonl", example("news-please.jsonl")).fetched_at == datetime(
        2026, 3, 1, 10, 0, 5, tzinfo=UTC
    )
    assert one_article("a.json", example("trafilatura.json")).fetched_at == NOW
