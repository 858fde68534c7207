/** The version of this package. */
export const VERSION = "0.1.0";

/** The announcement of a worker (`docs/protocol.md` section 1.3). */
export function announcement(name: string, namespace: string | undefined, replayed: boolean): Record<string, unknown> {
  const data = {
    runtime: "node",
    version: VERSION,
    name,
    os: `${process.platform} ${process.arch}`,
    pid: process.pid,
    namespace,
    telemetry: { framework: "pipewright" },
    pipewright: 1,
    // Every function was registered before this message.
    ...(replayed && { replayed }),
  };
  return {
    type: "invokefunction",
    function_id: "engine::workers::register",
    data,
    action: { type: "void" },
    namespace: "default",
  };
}
