"""The stream protocol of pipewright on the plain SDK, as far as a stage of JSON lines needs it."""

import json


def checked(stage):
    """Makes a stage of `async def run(items, output, params)`; see docs/protocol.md section 10."""

    def decorate(run):
        async def function(data):
            items, output = Items(data["readerRef"]), Output(data["writerRef"])
            await output.say("metadata", format="ndjson", encoding="utf-8")
            try:
                await run(items, output, data.get("params"))
            except Exception as error:
                code = "input_failed" if items.abort else "stage_failed"
                await output.say(
                    "error", code=code, message=str(error), stage=stage, causes=items.causes()
                )
                await output.writer.close_async()
                raise
            await output.say("end", bytes=output.bytes, items=output.items)
            await output.writer.close_async()
            return {
                "input_verified": items.end is not None,
                "items_in": items.items,
                "items_out": output.items,
                "bytes_in": items.bytes,
                "bytes_out": output.bytes,
            }

        return function

    return decorate


class Items:
    """The items of a stream; an error unless the stream is whole."""

    def __init__(self, reader):
        self.reader, self.bytes, self.items = reader, 0, 0
        self.header = self.end = self.abort = None
        reader.on_message(self._message)

    def _message(self, text):
        message = json.loads(text) if '"pipewright"' in text else {}
        match message.get("pipewright") and message.get("type"):
            case "metadata":
                self.header = message
            case "end":
                self.end = message
            case "error":
                self.abort = message

    def causes(self):
        """What led to the abort of the input, first cause first; the abort itself is the last."""
        if self.abort is None:
            return []
        return [*self.abort.get("causes", []), {**self.abort, "causes": []}]

    async def __aiter__(self):
        rest = b""
        async for chunk in self.reader:
            self.bytes += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.items += 1
                yield json.loads(line)
        # The SDK ends the loop whatever happened, so only these messages tell.
        if self.abort:
            raise RuntimeError(f"the input was aborted: {self.abort.get('message')}")
        if self.header and self.end is None:
            raise RuntimeError("the input was cut short")
        if self.end and (self.end["bytes"], self.end.get("items", self.items)) != (
            self.bytes,
            self.items,
        ):
            raise RuntimeError("the input lacks something")


class Output:
    """Items on their way out, counted."""

    def __init__(self, writer):
        self.writer, self.bytes, self.items = writer, 0, 0

    async def send(self, item):
        line = (json.dumps(item) + "\n").encode()
        await self.writer.write(line)
        self.bytes += len(line)
        self.items += 1

    async def say(self, kind, **members):
        await self.writer.send_message_async(json.dumps({"type": kind, "pipewright": 1, **members}))
