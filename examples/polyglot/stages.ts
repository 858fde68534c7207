// A stage in TypeScript that puts a reading into words.

import { stage, Worker } from "pipewright";

type Celsius = { city: string; celsius: number };
type Weather = { city: string; weather: string };

const weather = stage("ts::weather", {}, ({ city, celsius }: Celsius): Weather => ({
  city,
  weather: celsius < 10 ? "cold" : celsius < 25 ? "mild" : "hot",
}));

const worker = await new Worker().connect();
await worker.register(weather);
await worker.registered();
await worker.call("polyglot::ready", "node");
// The example keeps our standard input open as long as it runs.
process.stdin.resume().on("end", () => process.exit(0));
