"""Type hints as item types: decoding, encoding, and JSON schemas.

Dataclasses, ``TypedDict``, pydantic models, enums, ``Literal``, unions, containers and JSON scalars
are supported. Anything else is passed as plain JSON.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from .errors import ItemError

Read = Callable[[Any], Any]
"""Turns a JSON value into a value of the type. Raises ``_Misfit``."""


class _Misfit(Exception):
    """A value of the wrong type, with the path to it, which the outer levels complete."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def within(self, step: str) -> _Misfit:
        """Return the misfit as seen from one level further out."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return _Misfit(self.reason, f"{step}{dot}{self.path}")


@dataclasses.dataclass(frozen=True)
class Shape:
    """Reads, writes and describes values of one type."""

    name: str
    read: Read
    write: Callable[[Any], Any]
    schema: dict[str, Any]

    def decode(self, value: Any, path: str = "") -> Any:
        """Turn a JSON value into a value of the type. Raises ``ItemError`` with the path."""
        try:
            return self.read(value)
        except _Misfit as misfit:
            raise _item_error(misfit.within(path) if path else misfit) from misfit.__cause__

    def encode(self, value: Any) -> Any:
        """Check a value and turn it into a JSON value. Raises ``ItemError`` with the path."""
        try:
            return self.write(value)
        except _Misfit as misfit:
            raise _item_error(misfit) from misfit.__cause__


def _item_error(misfit: _Misfit) -> ItemError:
    return ItemError(f"{misfit.path or 'the item'}: {misfit.reason}")


def _refuse(expected: str, value: Any) -> NoReturn:
    raise _Misfit(f"expected {expected}, got {type(value).__name__}")


def _same(value: Any) -> Any:
    return value


_SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _scalar(kind: type, name: str) -> Shape:
    def exact(value: Any) -> Any:
        # A bool is an int to `isinstance`.
        if type(value) is not kind and (not isinstance(value, kind) or isinstance(value, bool)):
            _refuse(name, value)
        return value

    def number(value: Any) -> Any:
        if type(value) is int:
            return float(value)
        return exact(value)

    read = number if kind is float else exact
    return Shape(kind.__name__, read, read, {"type": name})


def _each(call: Callable[[Any], Any], values: Any) -> list[Any]:
    out: list[Any] = []
    try:
        for value in values:
            out.append(call(value))
    except _Misfit as misfit:
        raise misfit.within(f"[{len(out)}]") from misfit.__cause__
    return out


def _sequence(item: Shape) -> Shape:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            _refuse("an array", value)
        return _each(item.read, value)

    def write(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            _refuse("a list", value)
        return _each(item.write, value)

    return Shape(f"list[{item.name}]", read, write, {"type": "array", "items": item.schema})


def _tuple(items: list[Shape]) -> Shape:
    def each(value: Any, kinds: type[Any] | tuple[type[Any], ...], call: str) -> list[Any]:
        if not isinstance(value, kinds) or len(value) != len(items):
            _refuse(f"an array of {len(items)}", value)
        shapes = iter(items)
        return _each(lambda element: getattr(next(shapes), call)(element), value)

    names = ", ".join(it.name for it in items)
    schema = {"type": "array", "prefixItems": [it.schema for it in items], "items": False}
    return Shape(
        f"tuple[{names}]",
        lambda value: tuple(each(value, list, "read")),
        lambda value: each(value, (list, tuple), "write"),
        schema,
    )


def _members(value: dict[Any, Any], call: Callable[[Any], Any]) -> dict[str, Any]:
    out, key = {}, ""
    try:
        for key, member in value.items():
            out[key] = call(member)
    except _Misfit as misfit:
        raise misfit.within(key) from misfit.__cause__
    return out


def _mapping(item: Shape) -> Shape:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            _refuse("an object", value)
        return value if item.read is _same else _members(value, item.read)

    def write(value: Any) -> Any:
        if not isinstance(value, dict):
            _refuse("a dict", value)
        for key in value:
            if not isinstance(key, str):
                raise _Misfit(f"a key of an object must be a string, got {type(key).__name__}")
        return value if item.write is _same else _members(value, item.write)

    schema = {"type": "object", "additionalProperties": item.schema}
    return Shape(f"dict[str, {item.name}]", read, write, schema)


def _union(options: list[Shape]) -> Shape:
    name = " | ".join(option.name for option in options)

    def read(value: Any) -> Any:
        reasons = []
        for option in options:
            try:
                return option.read(value)
            except _Misfit as misfit:
                reasons.append(f"{misfit.path}: {misfit.reason}" if misfit.path else misfit.reason)
        raise _Misfit("; ".join(reasons))

    def write(value: Any) -> Any:
        for option in options:
            try:
                encoded = option.write(value)
                option.read(encoded)
            except _Misfit:
                continue
            return encoded
        return _refuse(f"one of {name}", value)

    return Shape(name, read, write, {"anyOf": [option.schema for option in options]})


def _literal(values: tuple[Any, ...]) -> Shape:
    def read(value: Any) -> Any:
        for known in values:
            if known == value and type(known) is type(value):
                return known
        return _refuse(f"one of {list(values)}", value)

    return Shape(f"Literal{list(values)}", read, read, {"enum": list(values)})


def _enum(kind: type[enum.Enum]) -> Shape:
    def read(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError:
            return _refuse(f"a value of {kind.__name__}", value)

    def write(value: Any) -> Any:
        if not isinstance(value, kind):
            _refuse(kind.__name__, value)
        return value.value

    return Shape(kind.__name__, read, write, {"enum": [member.value for member in kind]})


def _fields(name: str, fields: dict[str, Shape], required: set[str], make: Read) -> Read:
    reads = [(key, shape.read, key in required) for key, shape in fields.items()]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            _refuse(f"an object ({name})", value)
        found, key = {}, ""
        try:
            for key, call, needed in reads:
                if key in value:
                    found[key] = call(value[key])
                elif needed:
                    raise _Misfit(f"this field of {name} is missing")
        except _Misfit as misfit:
            raise misfit.within(key) from misfit.__cause__
        return make(found)

    return read


def _object_schema(name: str, fields: dict[str, Shape], required: set[str]) -> dict[str, Any]:
    properties = {key: shape.schema for key, shape in fields.items()}
    return {
        "title": name,
        "type": "object",
        "properties": properties,
        "required": [key for key in fields if key in required],
    }


def _dataclass(kind: Any) -> Shape:
    hints = get_type_hints(kind)
    members = [member for member in dataclasses.fields(kind) if member.init]
    fields = {member.name: shape_of(hints[member.name]) for member in members}
    missing = dataclasses.MISSING
    required = {
        it.name for it in members if it.default is missing and it.default_factory is missing
    }

    def make(found: dict[str, Any]) -> Any:
        try:
            return kind(**found)
        except (TypeError, ValueError) as error:
            raise _Misfit(str(error)) from error

    writes = [(key, shape.write) for key, shape in fields.items()]

    def write(value: Any) -> Any:
        if not isinstance(value, kind):
            _refuse(kind.__name__, value)
        out, key = {}, ""
        try:
            for key, call in writes:
                out[key] = call(getattr(value, key))
        except _Misfit as misfit:
            raise misfit.within(key) from misfit.__cause__
        return out

    name = kind.__name__
    read = _fields(name, fields, required, make)
    return Shape(name, read, write, _object_schema(name, fields, required))


def _typed_dict(kind: Any) -> Shape:
    hints = get_type_hints(kind)
    fields = {name: shape_of(hint) for name, hint in hints.items()}
    required = set(kind.__required_keys__)
    name = kind.__name__
    read = _fields(name, fields, required, _same)

    def write(value: Any) -> Any:
        if not isinstance(value, dict):
            _refuse(name, value)
        for key in required:
            if key not in value:
                raise _Misfit(f"this field of {name} is missing", key)
        out, key = {}, ""
        try:
            for key, member in value.items():
                out[key] = fields[key].write(member) if key in fields else member
        except _Misfit as misfit:
            raise misfit.within(key) from misfit.__cause__
        return out

    return Shape(name, read, write, _object_schema(name, fields, required))


def _pydantic(kind: Any) -> Shape:
    def read(value: Any) -> Any:
        try:
            return kind.model_validate(value)
        except ValueError as error:
            raise _Misfit(str(error)) from error

    def write(value: Any) -> Any:
        if not isinstance(value, kind):
            _refuse(kind.__name__, value)
        return value.model_dump(mode="json", by_alias=True)

    return Shape(kind.__name__, read, write, kind.model_json_schema())


def _none(value: Any) -> Any:
    return None if value is None else _refuse("null", value)


ANY = Shape("any", _same, _same, {})
"""Plain JSON values, unchecked."""


# `Required` and `NotRequired` exist since Python 3.11.
_TRANSPARENT = tuple(
    getattr(typing, name)
    for name in ("Annotated", "Required", "NotRequired")
    if hasattr(typing, name)
)


@lru_cache(maxsize=1024)
def shape_of(hint: Any) -> Shape:
    """Build the shape of a type hint. Unknown types are passed as plain JSON."""
    if hint in _SCALARS:
        return _scalar(hint, _SCALARS[hint])
    if hint is None or hint is type(None):
        return Shape("None", _none, _none, {"type": "null"})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in _TRANSPARENT:
        return shape_of(arguments[0])
    if origin in (Union, types.UnionType):
        return _union([shape_of(it) for it in arguments])
    if origin is Literal:
        return _literal(arguments)
    if origin is list:
        return _sequence(shape_of(arguments[0]))
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return _tuple([shape_of(it) for it in arguments])
    if origin is dict and arguments[0] is str:
        return _mapping(shape_of(arguments[1]))
    if isinstance(hint, type):
        if issubclass(hint, enum.Enum):
            return _enum(hint)
        if dataclasses.is_dataclass(hint):
            return _dataclass(hint)
        if typing.is_typeddict(hint):
            return _typed_dict(hint)
        if hasattr(hint, "model_validate") and hasattr(hint, "model_json_schema"):
            return _pydantic(hint)
    return ANY
