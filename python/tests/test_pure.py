"""Tests without an engine: shapes, formats, definitions."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import pytest
from pydantic import BaseModel

from pipewright_streams import (
    Abort,
    ChannelRef,
    ItemError,
    ProtocolViolation,
    StageDefinitionError,
    stage,
)
from pipewright_streams.compression import compressor, decompressor
from pipewright_streams.formats import Lines, Msgpack, Ndjson
from pipewright_streams.messages import parse
from pipewright_streams.refs import channel_url, shown
from pipewright_streams.shapes import ANY, shape_of


@dataclass
class Inner:
    tags: list[str]
    note: str | None = None


@dataclass
class Outer:
    kind: Literal["a", "b"]
    inner: Inner
    pair: tuple[int, float]
    more: dict[str, bool]


class Row(TypedDict):
    id: int


class Model(BaseModel):
    id: int
    name: str = "none"


def test_dataclass_survives_a_round_trip() -> None:
    shape, form = shape_of(Outer), Ndjson()
    outer = Outer("a", Inner(["x"], None), (1, 2.5), {"y": True})
    line = form.encode(outer, shape)
    assert line.endswith(b"\n")
    assert form.decode(line.decode(), shape) == outer


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"kind": "c", "inner": {"tags": []}, "pair": [1, 2], "more": {}}, "kind"),
        ({"kind": "a", "inner": {"tags": [1]}, "pair": [1, 2], "more": {}}, "inner.tags[0]"),
        ({"kind": "a", "inner": {"tags": []}, "pair": [1], "more": {}}, "pair"),
        ({"kind": "a", "pair": [1, 2], "more": {}}, "inner"),
        (7, "the item"),
    ],
)
def test_wrong_values_are_refused_at_their_place(value: Any, place: str) -> None:
    with pytest.raises(ItemError) as error:
        shape_of(Outer).decode(value, "")
    assert error.value.reason.startswith(place)


def test_typed_dict_and_pydantic() -> None:
    assert shape_of(Row).decode({"id": 1}, "") == {"id": 1}
    with pytest.raises(ItemError):
        shape_of(Row).decode({"id": "1"}, "")
    assert shape_of(Model).decode({"id": 1}, "") == Model(id=1)
    assert shape_of(Model).encode(Model(id=1)) == {"id": 1, "name": "none"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}, object()])
def test_what_json_cannot_carry_is_an_error(value: Any) -> None:
    with pytest.raises(ItemError):
        Ndjson().encode(value, ANY)


def test_decoders_do_not_depend_on_frames() -> None:
    payload = b'{"n":1}\r\n\n{"n":2}\n"\xc3\xa9"\n[3]'
    for size in range(1, len(payload) + 1):
        form = Ndjson()
        decoder = form.decoder()
        items = []
        for at in range(0, len(payload), size):
            items += [form.decode(it, ANY) for it in decoder.feed(payload[at : at + size])]
        items += [form.decode(it, ANY) for it in decoder.finish()]
        assert items == [{"n": 1}, {"n": 2}, "é", [3]]


def test_line_cannot_contain_a_line_feed() -> None:
    with pytest.raises(ItemError):
        Lines().encode("a\nb", ANY)
    assert list(Lines().decoder().feed(b"a\n\nb\n")) == ["a", "", "b"]


# The bytes of the Rust crate, from the example of `MessagePack` in `src/codec/messagepack.rs`.
RUST_POINT = b"\0\0\0\x07\x82\xa1x\x01\xa1y\x02"


def test_msgpack_has_the_bytes_of_rust() -> None:
    form = Msgpack()
    assert form.encode({"x": 1, "y": 2}, ANY) == RUST_POINT
    for size in (1, 3, 4, 5, 11, 22):
        payload, decoder, found = RUST_POINT * 2, form.decoder(), []
        for at in range(0, len(payload), size):
            found += [form.decode(it, ANY) for it in decoder.feed(payload[at : at + size])]
        assert not list(decoder.finish())
        assert found == [{"x": 1, "y": 2}] * 2


@pytest.mark.parametrize("cut", range(1, len(RUST_POINT)))
def test_cut_msgpack_record_is_an_error(cut: int) -> None:
    decoder = Msgpack().decoder()
    assert len(list(decoder.feed(RUST_POINT + RUST_POINT[:cut]))) == 1
    with pytest.raises(ItemError, match="ends in the middle of an item"):
        list(decoder.finish())


def test_msgpack_length_over_the_limit_is_refused_at_once() -> None:
    decoder = Msgpack().decoder()
    # Exactly the limit is accepted.
    assert not list(decoder.feed((64 << 20).to_bytes(4, "big")))
    found = iter(Msgpack().decoder().feed(RUST_POINT + b"\x04\0\0\x01"))
    assert next(found) == RUST_POINT[4:]
    with pytest.raises(ItemError, match="67108865 bytes is over the limit of 67108864 bytes"):
        next(found)


@pytest.mark.parametrize(
    "content", [b"", b"\x01\x02", b"\xc1", b"\x92\x01", b"\xa1\xff", b"\x81\x90\x01"]
)
def test_bad_msgpack_record_is_skipped(content: bytes) -> None:
    form = Msgpack()
    record = len(content).to_bytes(4, "big") + content
    bad, good = form.decoder().feed(record + RUST_POINT)
    with pytest.raises(ItemError, match=r"cannot be read as MessagePack: ."):
        form.decode(bad, ANY)
    assert form.decode(good, ANY) == {"x": 1, "y": 2}


def test_stage_is_still_a_function_and_described() -> None:
    @stage("t::double")
    def double(number: int) -> int:
        """Double a number."""
        return number * 2

    assert double(2) == 4
    assert double.description == "Double a number."
    assert double.metadata() == {
        "pipewright": 1,
        "kind": "stage",
        "input": {"format": "ndjson", "item": "int"},
        "output": {"format": "ndjson", "item": "int"},
        "keeps_order": True,
    }


def test_functions_that_cannot_be_stages_are_refused() -> None:
    def untyped(item):  # type: ignore[no-untyped-def]
        return item

    def two(a: int, b: int) -> int:
        return a + b

    async def stateful(item: int, state: list[int]) -> int:
        return item

    async def stream(items: AsyncIterator[int]) -> AsyncIterator[int]:
        async for item in items:
            yield item

    for function, settings in [
        (untyped, {}),
        (two, {}),
        (stateful, {"concurrency": 2}),
        (stream, {"concurrency": 2}),
    ]:
        with pytest.raises(StageDefinitionError) as error:
            stage("t::f", **settings)(function)
        assert "accepted signatures" in str(error.value)


def test_urls_keep_the_query_and_hide_the_key() -> None:
    ref = ChannelRef("a/b", "k&1", "read")
    url = channel_url("ws://host:1/base/?token=x", ref)
    assert url == "ws://host:1/base/ws/channels/a%2Fb?token=x&key=k%261&dir=read"
    assert shown("wss://user:secret@host:1/p?key=k") == "wss://host:1/p"


def test_items_before_a_bad_one_are_delivered() -> None:
    found = []
    with pytest.raises(ItemError):
        for line in Ndjson().decoder().feed(b'1\n"\xff"\n3\n'):
            found.append(Ndjson().decode(line, ANY))
    assert found == [1]


@pytest.mark.parametrize("line", ["NaN", "Infinity", "[1,]", "1 2", "", "\x0c"])
def test_what_is_no_json_is_refused(line: str) -> None:
    with pytest.raises(ItemError):
        Ndjson().decode(line, ANY)


def test_byte_order_marks_are_skipped_where_the_protocol_says() -> None:
    bom = b"\xef\xbb\xbf"
    assert list(Ndjson().decoder().feed(bom + b"1\n" + bom + b"2\n")) == ["1", "2"]
    texts = ["\ufeffa", "\ufeffb"]
    assert list(Lines().decoder().feed(bom + b"a\n" + bom + b"b\n")) == texts
    assert b"".join(Lines().encode(it, ANY) for it in texts) == bom + b"a\n" + bom + b"b\n"


def test_mark_of_nested_options_is_refused() -> None:
    with pytest.raises(ItemError):
        Ndjson().encode({"a": [{"$pipewright.some": 1}]}, ANY)


@pytest.mark.parametrize(
    ("hint", "value"),
    [(int, "1"), (int, True), (str, 1), (list[int], [1, "2"]), (Inner, {"tags": []}), (Row, {})],
)
def test_outputs_are_checked(hint: Any, value: Any) -> None:
    with pytest.raises(ItemError):
        shape_of(hint).encode(value)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "metadata", "format": 1},
        {"type": "metadata", "format": "ndjson", "compression": []},
        {"type": "error", "item": -1},
        {"type": "error", "causes": "none"},
        {"type": "turn"},
        {"type": "end", "bytes": 1.5},
        {"type": "end", "bytes": 1, "crc32c": "+1234567"},
    ],
)
def test_malformed_messages_are_violations(fields: dict[str, Any]) -> None:
    with pytest.raises(ProtocolViolation):
        parse(json.dumps({"pipewright": 1, **fields}))


def test_aborts_are_bounded_and_flat() -> None:
    cause = Abort("c", "m", causes=(Abort("deep", ""),))
    abort = Abort("x", "é" * 20_000, causes=(cause,) * 40)
    fields = abort.fields()
    assert fields["message"].endswith("é.. (cut, 40000 bytes)")
    assert len(fields["message"].encode()) < 17_000
    assert fields["causes"] == [{"code": "c", "message": "m"}] * 16


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_compressed_payload_can_be_read_up_to_each_flush(name: str) -> None:
    packed, unpacked = compressor(name), decompressor(name)
    for text in (b"first", b"second" * 10_000):
        assert b"".join(unpacked.feed(packed.feed(text))) == text
    b"".join(unpacked.feed(packed.finish()))
    unpacked.finish()


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_decompression_is_bounded_and_checked(name: str) -> None:
    packed, unpacked = compressor(name), decompressor(name)
    bomb = packed.feed(bytes(256 << 20))
    assert max(len(piece) for piece in unpacked.feed(bomb[:65_536])) <= 64 << 20
    with pytest.raises(ItemError):
        unpacked.finish()
    with pytest.raises(ItemError):
        list(decompressor(name).feed(b"neither of both" * 10))
