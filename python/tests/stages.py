"""Stages that the tests serve from a separate process."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypedDict

from pipewright_streams import StageContext, stage


@dataclass
class Number:
    n: int


@stage("py::double")
def double(number: int) -> int:
    return number * 2


@stage("py::slow", concurrency=8)
async def slow(number: int) -> int:
    await asyncio.sleep(0.001 * (7 - number % 8))
    return number


@stage("py::odd", filter=True)
def odd(number: int) -> bool:
    return number % 2 == 1


@stage("py::twice")
def twice(number: int) -> list[int]:
    return [number, number]


@stage("py::record")
def record(number: int) -> Number:
    return Number(number)


class Named(TypedDict):
    n: str


@stage("py::named")
def named(number: int) -> Named:
    return {"n": str(number)}


@stage("py::total")
def total(record: Number) -> int:
    return record.n


@stage("py::sums")
async def sums(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
    total = 0
    async for number in numbers:
        total += number
        yield total


@stage("py::fails")
def fails(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return number


@stage("py::first")
async def first(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
    async for number in numbers:
        yield number
        if number == 2:
            return


@stage("py::upper", input="lines", output="lines")
def upper(line: str) -> str:
    return line.upper()


@stage("py::copy")
async def copy(data: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in data:
        yield piece


@stage("py::count")
async def count(number: int, state: list, params: Number, context: StageContext) -> int:
    state.append(number)
    if len(state) == 1:
        await context.send_message(f"first is {number}")
    return len(state) + params.n


@stage("py::exits")
async def exits(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
    async for number in numbers:
        yield number
        if number == 100:
            await asyncio.sleep(0.05)
            os._exit(9)


@stage("py::naturals")
async def naturals() -> AsyncIterator[int]:
    number = 0
    while True:
        yield number
        number += 1
