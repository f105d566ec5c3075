import { PostgresBackend } from "../../../src/records/backends/postgres.ts";
import type { BackendHealth, StorageBackend } from "../../../src/records/types.ts";

/** What the Worker is asked: a method of the backend and its arguments. */
export type BackendCall = {
  [M in "write" | "read" | "query" | "delete"]: { method: M; values: Parameters<StorageBackend[M]> };
}["write" | "read" | "query" | "delete"];

interface Bindings {
  DATABASE: { connectionString: string };
}

/** A Worker that runs a backend inside the real runtime, for suites that run outside of it. */
export default {
  async fetch(request: Request, { DATABASE }: Bindings): Promise<Response> {
    const backend = new PostgresBackend(DATABASE.connectionString);
    // SAFETY: sent by this file's other end.
    const call = (await request.json()) as BackendCall | { method: "health" };
    try {
      return Response.json({ answer: await run(backend, call) });
    } catch (fault) {
      const { name, message } = fault instanceof Error ? fault : new Error("a non-error was thrown");
      return Response.json({ fault: { name, message } });
    }
  },
};

function run(
  backend: StorageBackend,
  call: BackendCall | { method: "health" },
): Promise<unknown> | Promise<BackendHealth> {
  switch (call.method) {
    case "write":
      return backend.write(...call.values);
    case "read":
      return backend.read(...call.values);
    case "query":
      return backend.query(...call.values);
    case "delete":
      return backend.delete(...call.values);
    case "health":
      return backend.health();
  }
}
