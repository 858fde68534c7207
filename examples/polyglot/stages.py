"""Two Python stages that turn Fahrenheit into Celsius: one on the plain SDK, one checked."""

import json
import os
import sys

from iii import register_worker
from pipewright_stage import checked


def celsius(reading):
    return {"city": reading["city"], "celsius": round((reading["fahrenheit"] - 32) / 1.8, 1)}


async def plain(data):
    """Knows nothing of pipewright: bytes in, bytes out."""
    reader, writer, rest, items = data["readerRef"], data["writerRef"], b"", 0
    async for chunk in reader:
        *lines, rest = (rest + chunk).split(b"\n")
        items += len(lines)
        out = "".join(json.dumps(celsius(json.loads(line))) + "\n" for line in lines)
        await writer.write(out.encode())
    await writer.close_async()
    return {"items_in": items, "items_out": items}


@checked("py::celsius")
async def verified(items, output, _params):
    """The same with header and end, which a helper of a few lines sends and looks for."""
    async for reading in items:
        await output.send(celsius(reading))


if __name__ == "__main__":
    iii = register_worker(os.environ["III_URL"])
    iii.register_function("py::celsius_plain", plain)
    iii.register_function("py::celsius", verified)
    iii.trigger({"function_id": "polyglot::ready", "payload": "python"})
    sys.stdin.read()  # The example holds the other end as long as it runs.
    os._exit(0)
