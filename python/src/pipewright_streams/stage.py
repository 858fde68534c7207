"""Stages: functions that transform a stream. The signature determines the kind."""

from __future__ import annotations

import collections.abc
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from .formats import format_of
from .shapes import Shape, shape_of

F = TypeVar("F", bound=Callable[..., Any])

_STREAMS = (
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
)
_MANY = (
    list,
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    *_STREAMS,
)
_NAMED = ("state", "params", "context")


class StageKind(Enum):
    """How a stage uses its streams."""

    ITEM = "item"
    FILTER = "filter"
    STREAM = "stream"
    BYTES = "bytes"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class StageDefinitionError(TypeError):
    """A function cannot be a stage. The message says why and which signatures are accepted."""


_ACCEPTED = """accepted signatures (sync or async):
  def f(item: A) -> B                                  one item for one
  def f(item: A) -> B | None                           one item or none
  def f(item: A) -> list[B] | Iterator[B]              any number of items
  @stage(.., filter=True) def f(item: A) -> bool       keeps or drops the item
  async def f(items: AsyncIterator[A]) -> AsyncIterator[B]
  async def f(data: AsyncIterator[bytes]) -> AsyncIterator[bytes]
  async def f() -> AsyncIterator[B]                    a producer
  async def f(items: AsyncIterator[A]) -> None         a consumer
further parameters by name: state, params, context"""


@dataclass
class Stage:
    """A function with the description that a worker needs. Call it like the function."""

    id: str
    function: Callable[..., Any]
    kind: StageKind
    many: bool
    optional: bool
    input: Shape | None
    output: Shape | None
    input_format: str
    output_format: str
    concurrency: int
    ordered: bool
    state: type | None
    params: Shape | None
    wants_context: bool
    compression: str | None
    description: str | None
    named: frozenset[str] = field(default_factory=frozenset)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, for tests."""
        return self.function(*args, **kwargs)

    def metadata(self) -> dict[str, Any]:
        """Build the metadata of the registration (``docs/protocol.md`` section 10.2)."""
        kinds = {StageKind.PRODUCER: "producer", StageKind.CONSUMER: "consumer"}
        metadata: dict[str, Any] = {"pipewright": 1, "kind": kinds.get(self.kind, "stage")}
        if self.input is not None:
            metadata["input"] = {"format": self.input_format, "item": self.input.name}
        if self.output is not None:
            metadata["output"] = {"format": self.output_format, "item": self.output.name}
        if self.keeps_order:
            metadata["keeps_order"] = True
        return metadata

    @property
    def keeps_order(self) -> bool:
        """Whether outputs keep the order of their items, so that copies can keep it, too."""
        return self.kind in (StageKind.ITEM, StageKind.FILTER) and self.ordered

    def request_schema(self) -> dict[str, Any]:
        """Build the JSON schema of the parameters and of the input items."""
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        if self.params is not None:
            schema["properties"]["params"] = self.params.schema
        if self.input is not None:
            schema["x-pipewright-item"] = self.input.schema
        return schema

    def response_schema(self) -> dict[str, Any]:
        """Build the JSON schema of the output items."""
        return {} if self.output is None else {"x-pipewright-item": self.output.schema}


def _unwrap_optional(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [it for it in get_args(hint) if it is not type(None)]
        if len(rest) < len(get_args(hint)):
            return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), True  # noqa: UP007
    return hint, False


def _refuse(name: str, reason: str) -> StageDefinitionError:
    return StageDefinitionError(f"{name} cannot be a stage: {reason}\n{_ACCEPTED}")


def _element(hint: Any) -> Any:
    arguments = get_args(hint)
    return arguments[0] if arguments else Any


def define(
    function: Callable[..., Any],
    id: str | None = None,
    *,
    filter: bool = False,
    concurrency: int = 1,
    ordered: bool = True,
    input: str = "ndjson",
    output: str = "ndjson",
    compression: str | None = None,
) -> Stage:
    """Infer a stage from a function. Raises ``StageDefinitionError``."""
    name = function.__qualname__
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters
    unnamed = [it for it in parameters if it not in _NAMED]
    if len(unnamed) > 1:
        raise _refuse(name, f"it has {len(unnamed)} parameters for items: {', '.join(unnamed)}")
    if unnamed and unnamed[0] not in hints:
        raise _refuse(name, f"the parameter {unnamed[0]!r} has no type")
    given, taken = hints.get("return", None), hints[unnamed[0]] if unnamed else None
    takes_stream = get_origin(taken) in _STREAMS
    gives_stream = get_origin(given) in _STREAMS
    item_in = _element(taken) if takes_stream else taken
    many = optional = False
    item_out: Any = None
    if not unnamed:
        if not gives_stream:
            raise _refuse(name, "a producer returns an AsyncIterator")
        kind, item_out = StageKind.PRODUCER, _element(given)
    elif takes_stream and gives_stream:
        item_out = _element(given)
        kind = StageKind.BYTES if item_in is bytes and item_out is bytes else StageKind.STREAM
    elif takes_stream:
        kind = StageKind.CONSUMER
    elif filter:
        if given is not bool:
            raise _refuse(name, "a filter returns bool")
        kind, item_out = StageKind.FILTER, item_in
    else:
        kind = StageKind.ITEM
        given, optional = _unwrap_optional(given)
        many = get_origin(given) in _MANY
        item_out = _element(given) if many else given
        if item_out is None or item_out is type(None):
            raise _refuse(name, "the type of its return value is missing")
    if concurrency < 1:
        raise _refuse(name, "concurrency must be at least 1")
    if concurrency > 1 and (
        kind not in (StageKind.ITEM, StageKind.FILTER) or "state" in parameters
    ):
        raise _refuse(name, "concurrency needs a function of one item without state")
    is_bytes = kind is StageKind.BYTES
    doc = inspect.getdoc(function)
    return Stage(
        id=id or f"{function.__module__.removeprefix('__').removesuffix('__')}::{name}",
        function=function,
        kind=kind,
        many=many,
        optional=optional,
        input=shape_of(item_in) if unnamed else None,
        output=None if kind is StageKind.CONSUMER else shape_of(item_out),
        input_format="bytes" if is_bytes else format_of(input).name,
        output_format="bytes" if is_bytes else format_of(output).name,
        concurrency=concurrency,
        ordered=ordered,
        state=hints.get("state"),
        params=shape_of(hints["params"]) if "params" in hints else None,
        wants_context="context" in parameters,
        compression=compression,
        description=doc.split("\n\n")[0] if doc else None,
        named=frozenset(it for it in parameters if it in _NAMED),
    )


@overload
def stage(id: str | None = None, **settings: Any) -> Callable[[F], Stage]: ...
@overload
def stage(id: F) -> Stage: ...
def stage(id: Any = None, **settings: Any) -> Any:
    """Turn a function into a stage: ``@stage("text::score", concurrency=8)``.

    Settings: ``filter``, ``concurrency``, ``ordered``, ``input`` and ``output`` (formats),
    ``compression`` of the output (``zstd`` or ``lz4``). The default id is ``module::function``.
    """
    if callable(id):
        return define(id)
    return lambda function: define(function, id, **settings)
