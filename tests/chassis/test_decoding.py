from __future__ import annotations

import pytest

from services.chassis.decoding import NotText, charset, declared_in_html, decode

CHINESE = (
    "部长周二表示，这座桥将于五月重新开放。“我们已经等得够久了，”她在部门前对记者说。工程于二〇二四年开始，"
    "镕基先生出席。" * 4
)
JAPANESE = (
    "大臣は火曜日、橋は五月に再開されると述べた。「私たちは十分待った」と彼女は省庁の前で記者団に語った。"
    "①番目の工事である。" * 4
)
KOREAN = (
    "장관은 화요일에 다리가 5월에 다시 열릴 것이라고 말했다. “우리는 충분히 기다렸다”고 그녀는 기자들에게"
    " 말했다. 똠방각하." * 4
)
RUSSIAN = (
    "Министр заявила во вторник, что мост откроется в мае. «Мы ждали достаточно долго», — сказала она"
    " журналистам." * 4
)
WESTERN = "“Größe,” said Åsa Lindström — she’d waited for it: “ça va.” " * 8


def page(text: str, label: str, codec: str) -> bytes:
    return f"<html><head><meta charset={label}></head><body><p>{text}</p></body></html>".encode(codec)


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gbk", CHINESE), ("GB_2312-80", "gbk", CHINESE), ("x-gbk", "gb18030", CHINESE), ("gb18030", "gb18030", CHINESE),
        ("shift_jis", "cp932", JAPANESE), ("x-sjis", "cp932", JAPANESE), ("windows-31j", "cp932", JAPANESE),
        ("x-euc-jp", "euc_jp", "大臣は" * 40),
        ("euc-kr", "cp949", KOREAN), ("ks_c_5601-1987", "cp949", KOREAN), ("windows-949", "cp949", KOREAN),
        ("big5", "big5hkscs", "部長表示，嘅" * 40),
        ("iso-8859-1", "cp1252", WESTERN), ("us-ascii", "cp1252", WESTERN), ("iso-8859-9", "cp1254", "“Şimdi,” dedi " * 20),
        ("tis-620", "cp874", "รัฐมนตรี" * 20), ("x-cp1251", "cp1251", RUSSIAN), ("unicode-1-1-utf-8", "utf-8", CHINESE),
    ],
)  # fmt: skip
def test_a_declared_charset_is_read_as_browsers_read_it(label: str, codec: str, text: str) -> None:
    data = page(text, label, codec)
    assert text in decode(data, declared_in_html(data), forgiving=True)


@pytest.mark.parametrize(
    "label", ["utf-7", "unicode_escape", "idna", "rot13", "hz-gb-2312", "x-user-defined", "nonsense", "ü", ""]
)
def test_what_is_no_charset_of_the_web_is_none(label: str) -> None:
    assert charset(label) is None


def test_a_mark_wins_over_what_is_declared_and_that_over_the_page() -> None:
    assert decode(b"\xef\xbb\xbf" + CHINESE.encode(), "gb2312") == CHINESE
    assert decode(WESTERN.encode("cp1252"), "windows-1252", forgiving=True) == WESTERN


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("gb2312", CHINESE.replace("镕", "熔").replace("〇", "零")),
        ("cp932", JAPANESE),
        ("cp949", KOREAN),
        ("cp1251", RUSSIAN),
    ],
)
def test_another_script_without_a_charset_is_detected_and_never_read_as_western(
    codec: str, text: str
) -> None:
    assert decode(text.encode(codec), forgiving=True) == text


def test_western_text_without_a_charset_is_windows_1252() -> None:
    assert decode(WESTERN.encode("cp1252"), forgiving=True) == WESTERN


@pytest.mark.parametrize("text", [CHINESE, RUSSIAN, WESTERN])
def test_many_characters_that_are_none_mean_refusal(text: str) -> None:
    data = page(text, "utf-8", "gb18030" if text is CHINESE else "cp1251" if text is RUSSIAN else "cp1252")
    with pytest.raises(
        NotText, match=r"read as utf-8, [0-9]+ characters are none; mend the charset"
    ) as caught:
        decode(data, declared_in_html(data), forgiving=True)
    assert caught.value.reason == "encoding"


def test_a_few_broken_bytes_in_a_page_are_replaced() -> None:
    data = page(CHINESE, "utf-8", "utf-8").replace(b"<p>", b"<p>\xff\xfe \x80")
    assert CHINESE in decode(data, "utf-8", forgiving=True)


def test_what_is_surely_utf8_is_read_as_that_whatever_it_declares() -> None:
    text = (
        '<html><head><meta charset="gb2312"></head><body>港口因风暴关闭，市长说修复工作将持续到五月底。'
        "</body></html>"
    )
    assert decode(text.encode(), declared_in_html(text.encode())) == text
    assert decode(text.encode("gb18030"), "gb2312") == text
