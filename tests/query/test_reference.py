"""The API's documentation as a page: all of it, and every link within it leads somewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient
from lxml import html


def test_every_question_and_every_parameter_is_there(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    page = client.get("/api")
    assert page.status_code == 200
    tree = html.fromstring(page.text)
    asked = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {tuple(code.split(" ", 1)) for code in tree.xpath("//section/p[1]/code/text()")} == asked
    for methods in document["paths"].values():
        for operation in methods.values():
            (section,) = tree.xpath("//section[@aria-labelledby=$name]", name=operation["operationId"])
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            assert set(section.xpath(".//tbody/tr/th/code/text()")) == names
            assert list(section.xpath("./ul/li/code[1]/text()")) == list(operation["responses"])
            assert operation["description"].split()[0].strip("`") in section.text_content()


def test_every_link_leads_somewhere_and_says_what_it_is(client: TestClient) -> None:
    tree = html.fromstring(client.get("/api").text)
    there = tree.xpath("//@id")
    assert len(there) == len(set(there))
    within = [link for link in tree.xpath("//main//a/@href") if link.startswith("#")]
    assert len(within) > 50
    assert {link[1:] for link in within} <= set(there)
    assert all(cell.strip() for cell in tree.xpath("//section//tbody/tr/td[1]//text()[normalize-space()]"))
    empty = [
        row.text_content()
        for row in tree.xpath("//section//tbody/tr")
        if not row.xpath("string(td[1])").strip()
    ]
    assert not empty
    assert "/api" in tree.xpath("//footer//a/@href")


def test_what_may_be_left_out_and_what_it_is_then_is_said(client: TestClient) -> None:
    tree = html.fromstring(client.get("/api").text)
    (section,) = tree.xpath("//section[h2='Search statements and actors']")
    rows = {row.xpath("string(th/code)"): row.xpath("td") for row in section.xpath(".//tbody/tr")}
    said = {name: [" ".join(cell.text_content().split()) for cell in cells] for name, cells in rows.items()}
    assert said["sort"][0] == "SearchSort"
    assert said["sort"][1].endswith("Default: newest.")
    assert said["from"] == ["day", "First day of publication (UTC). Example: 2025-08-01"]


def test_many_may_ask_first(client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get("/api").status_code, range(8)))
    assert answers == [200] * 8
