"""A stage in Python that turns Fahrenheit into Celsius."""

import asyncio
import sys
from dataclasses import dataclass

from pipewright_streams import Worker, stage


@dataclass
class Fahrenheit:
    city: str
    fahrenheit: float


@dataclass
class Celsius:
    city: str
    celsius: float


@stage("py::celsius")
def celsius(reading: Fahrenheit) -> Celsius:
    return Celsius(reading.city, round((reading.fahrenheit - 32) / 1.8, 1))


async def main() -> None:
    async with Worker() as worker:
        await worker.register(celsius)
        await worker.registered()
        await worker.call("polyglot::ready", "python")
        # The example keeps our standard input open as long as it runs.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
