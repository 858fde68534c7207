"""What needs no engine: shapes, formats, definitions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import pytest
from pydantic import BaseModel

from pipewright_streams import ChannelRef, ItemError, StageDefinitionError, stage
from pipewright_streams.formats import Lines, Msgpack, Ndjson
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
    assert form.decode(line, shape) == outer


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


def test_lines_and_msgpack() -> None:
    with pytest.raises(ItemError):
        Lines().encode("a\nb", ANY)
    assert list(Lines().decoder().feed(b"a\n\nb\n")) == [b"a", b"", b"b"]
    form = Msgpack()
    packed = form.encode({"n": [1, None]}, ANY) * 2
    decoder = form.decoder()
    assert list(decoder.feed(packed[:-1])) == [{"n": [1, None]}]
    with pytest.raises(ItemError):
        list(decoder.finish())


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
