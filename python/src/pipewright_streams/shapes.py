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

Check = Callable[[Any, str], Any]
"""Turns a JSON value into a value of the type; the second argument is the path for errors."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """How values of one type are read, written and described."""

    name: str
    decode: Check
    encode: Callable[[Any], Any]
    schema: dict[str, Any]


def _refuse(path: str, expected: str, value: Any) -> NoReturn:
    got = type(value).__name__
    raise ItemError(f"{path or 'the item'}: expected {expected}, got {got}")


def _same(value: Any) -> Any:
    return value


_SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _scalar(kind: type, name: str) -> Shape:
    def decode(value: Any, path: str) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            _refuse(path, name, value)
        return value

    return Shape(kind.__name__, decode, _same, {"type": name})


def _sequence(item: Shape) -> Shape:
    def decode(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            _refuse(path, "an array", value)
        return [item.decode(element, f"{path}[{at}]") for at, element in enumerate(value)]

    def encode(value: Any) -> Any:
        return [item.encode(element) for element in value]

    return Shape(f"list[{item.name}]", decode, encode, {"type": "array", "items": item.schema})


def _tuple(items: list[Shape]) -> Shape:
    def decode(value: Any, path: str) -> Any:
        if not isinstance(value, list) or len(value) != len(items):
            _refuse(path, f"an array of {len(items)}", value)
        pairs = zip(items, value, strict=True)
        return tuple(it.decode(element, f"{path}[{at}]") for at, (it, element) in enumerate(pairs))

    def encode(value: Any) -> Any:
        return [it.encode(element) for it, element in zip(items, value, strict=True)]

    names = ", ".join(it.name for it in items)
    schema = {"type": "array", "prefixItems": [it.schema for it in items], "items": False}
    return Shape(f"tuple[{names}]", decode, encode, schema)


def _mapping(item: Shape) -> Shape:
    def decode(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            _refuse(path, "an object", value)
        return {key: item.decode(it, f"{path}.{key}".lstrip(".")) for key, it in value.items()}

    def encode(value: Any) -> Any:
        for key in value:
            if not isinstance(key, str):
                raise ItemError(f"a key of an object must be a string, got {type(key).__name__}")
        return {key: item.encode(it) for key, it in value.items()}

    schema = {"type": "object", "additionalProperties": item.schema}
    return Shape(f"dict[str, {item.name}]", decode, encode, schema)


def _union(options: list[Shape]) -> Shape:
    def decode(value: Any, path: str) -> Any:
        reasons = []
        for option in options:
            try:
                return option.decode(value, path)
            except ItemError as error:
                reasons.append(error.reason)
        raise ItemError("; ".join(reasons))

    def encode(value: Any) -> Any:
        for option in options:
            encoded = option.encode(value)
            try:
                option.decode(encoded, "")
            except ItemError:
                continue
            return encoded
        raise ItemError(f"the value is none of {' | '.join(it.name for it in options)}")

    name = " | ".join(option.name for option in options)
    return Shape(name, decode, encode, {"anyOf": [option.schema for option in options]})


def _literal(values: tuple[Any, ...]) -> Shape:
    def decode(value: Any, path: str) -> Any:
        for known in values:
            if known == value and type(known) is type(value):
                return known
        return _refuse(path, f"one of {list(values)}", value)

    return Shape(f"Literal{list(values)}", decode, _same, {"enum": list(values)})


def _enum(kind: type[enum.Enum]) -> Shape:
    def decode(value: Any, path: str) -> Any:
        try:
            return kind(value)
        except ValueError:
            return _refuse(path, f"a value of {kind.__name__}", value)

    def encode(value: Any) -> Any:
        return value.value if isinstance(value, enum.Enum) else value

    return Shape(kind.__name__, decode, encode, {"enum": [member.value for member in kind]})


def _fields(name: str, fields: dict[str, Shape], required: set[str], make: Check) -> Check:
    def decode(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            _refuse(path, f"an object ({name})", value)
        found = {}
        for key, shape in fields.items():
            where = f"{path}.{key}".lstrip(".")
            if key in value:
                found[key] = shape.decode(value[key], where)
            elif key in required:
                raise ItemError(f"{where}: this field of {name} is missing")
        return make(found, path)

    return decode


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

    def make(found: dict[str, Any], path: str) -> Any:
        try:
            return kind(**found)
        except (TypeError, ValueError) as error:
            raise ItemError(f"{path or 'the item'}: {error}") from error

    def encode(value: Any) -> Any:
        if not isinstance(value, kind):
            raise ItemError(f"expected {kind.__name__}, got {type(value).__name__}")
        return {name: shape.encode(getattr(value, name)) for name, shape in fields.items()}

    name = kind.__name__
    decode = _fields(name, fields, required, make)
    return Shape(name, decode, encode, _object_schema(name, fields, required))


def _typed_dict(kind: Any) -> Shape:
    hints = get_type_hints(kind)
    fields = {name: shape_of(hint) for name, hint in hints.items()}
    required = set(kind.__required_keys__)
    name = kind.__name__
    decode = _fields(name, fields, required, lambda found, _path: found)

    def encode(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ItemError(f"expected {name}, got {type(value).__name__}")
        for key in required:
            if key not in value:
                raise ItemError(f"{key}: this field of {name} is missing")
        return {key: fields[key].encode(it) if key in fields else it for key, it in value.items()}

    return Shape(name, decode, encode, _object_schema(name, fields, required))


def _pydantic(kind: Any) -> Shape:
    def decode(value: Any, path: str) -> Any:
        try:
            return kind.model_validate(value)
        except ValueError as error:
            raise ItemError(f"{path or 'the item'}: {error}") from error

    def encode(value: Any) -> Any:
        if not isinstance(value, kind):
            raise ItemError(f"expected {kind.__name__}, got {type(value).__name__}")
        return value.model_dump(mode="json", by_alias=True)

    return Shape(kind.__name__, decode, encode, kind.model_json_schema())


def _none(value: Any, path: str) -> Any:
    return None if value is None else _refuse(path, "null", value)


ANY = Shape("any", lambda value, _path: value, _same, {})
"""Plain JSON values, unchecked."""


# `Required` and `NotRequired` come with Python 3.11.
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
        return Shape("None", _none, _same, {"type": "null"})
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
