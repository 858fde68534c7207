/** The stages in TypeScript on the package; its path is the first argument. */
const { stage, Worker } = await import(process.argv[2]);

const words = ({ id, text }) => ({ id, words: text.split(/\s+/).length });
const worker = await new Worker().connect();
await worker.register(
  stage("typescript::own", {}, words),
  stage.stream("typescript::own_stream", {}, async function* (items) {
    for await (const item of items) yield words(item);
  }),
  stage.bytes("typescript::own_bytes", {}, async function* (payload) {
    yield* payload;
  }),
);
await worker.registered();
process.stdin.resume().on("end", () => process.exit(0));
console.log("ready");
