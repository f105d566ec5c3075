import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { freePort, LOCAL_ADDRESS } from "../../scripts/lib/ports.ts";
import { PostgresBackend, postgresSchema } from "../../src/records/backends/postgres.ts";
import type { BackendHealth, StorageBackend, StoredRecord, WriteReport } from "../../src/records/types.ts";
import { type Postgres, postgresPrograms, startPostgres } from "../support/node/postgres.ts";
import type { BackendCall } from "../support/records/backend-worker.ts";
import { conformance } from "../support/records/conformance.ts";
import { SAMPLE } from "../support/records/sample.ts";

const answerSchema = z.union([
  z.object({ answer: z.unknown() }).strict(),
  z.object({ fault: z.object({ name: z.string(), message: z.string() }) }),
]);

/** A backend that lives in a Worker. */
class WorkerBackend implements StorageBackend {
  readonly name = "postgres";
  readonly can: StorageBackend["can"];
  readonly #runtime: Miniflare;

  constructor(runtime: Miniflare, can: StorageBackend["can"]) {
    this.#runtime = runtime;
    this.can = can;
  }

  write(...values: Parameters<StorageBackend["write"]>) {
    return this.#call<WriteReport>({ method: "write", values });
  }
  read(...values: Parameters<StorageBackend["read"]>) {
    return this.#call<StoredRecord[]>({ method: "read", values });
  }
  query(...values: Parameters<StorageBackend["query"]>) {
    return this.#call<StoredRecord[]>({ method: "query", values });
  }
  delete(...values: Parameters<StorageBackend["delete"]>) {
    return this.#call<number>({ method: "delete", values });
  }
  health() {
    return this.#call<BackendHealth>({ method: "health" });
  }

  async #call<T>(call: BackendCall | { method: "health" }): Promise<T> {
    const response = await this.#runtime.dispatchFetch("http://worker/", {
      method: "POST",
      body: JSON.stringify(call),
    });
    const said = answerSchema.parse(await response.json());
    // SAFETY: the Worker answers with what the method returned.
    if (!("fault" in said)) return said.answer as T;
    const { name, message } = said.fault;
    throw name === "RangeError" ? new RangeError(message) : new Error(`${name}: ${message}`);
  }
}

/** The Worker around the backend, in the real runtime, on a Hyperdrive binding to this database. */
async function startWorker(script: string, connectionString: string): Promise<Miniflare> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: "ESModule", path: "worker.js", contents: script }],
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      hyperdrives: { DATABASE: connectionString },
    }),
  );
  await runtime.ready;
  return runtime;
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fromRoot("test/support/records/backend-worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "import"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("nothing was built");
  return file.text;
}

const programs = postgresPrograms();
if (programs === null)
  console.log("PostgreSQL is not installed (Debian package postgresql): its backend is not tested.");

describe.skipIf(programs === null)("PostgreSQL", () => {
  let server: Postgres;
  let silentServer: Server;
  const closing: (() => Promise<unknown>)[] = [];
  let direct: Record<"backend" | "refusing" | "silent", StorageBackend>;
  let inWorker: typeof direct;

  beforeAll(async () => {
    server = await startPostgres(programs ?? "");
    const admin = postgres(server.connectionString);
    await admin.unsafe(postgresSchema(SAMPLE));
    await admin.end();
    silentServer = createServer().listen(0, LOCAL_ADDRESS); // takes connections and says nothing
    await once(silentServer, "listening");
    const address = silentServer.address();
    const silentPort = typeof address === "object" && address !== null ? address.port : 0;
    const nowhere = (port: number) => {
      const url = new URL(`postgres://${LOCAL_ADDRESS}:${port}/postgres`);
      [url.username, url.password] = ["latchkey", "secret-word"];
      return url.href;
    };
    const urls = { backend: server.connectionString, refusing: nowhere(await freePort()), silent: nowhere(silentPort) };
    const connect = (url: string) => {
      const backend = new PostgresBackend(url);
      closing.push(() => backend.close());
      return backend;
    };
    direct = { backend: connect(urls.backend), refusing: connect(urls.refusing), silent: connect(urls.silent) };
    const script = await bundle();
    const start = async (url: string) => {
      const runtime = await startWorker(script, url);
      closing.push(() => runtime.dispose());
      return new WorkerBackend(runtime, direct.backend.can);
    };
    inWorker = {
      backend: await start(urls.backend),
      refusing: await start(urls.refusing),
      silent: await start(urls.silent),
    };
  });

  afterAll(async () => {
    for (const close of closing) await close();
    silentServer?.close();
    await server?.stop();
  });

  conformance("PostgreSQL from Node", () => direct);
  conformance("PostgreSQL from workerd through Hyperdrive", () => inWorker);

  it("shows neither its address nor its password when it does not answer", async () => {
    for (const { refusing } of [direct, inWorker]) {
      expect((await refusing.health()).detail).not.toContain("secret-word");
    }
  });

  it("refuses a NUL in a field", async () => {
    const record = { id: "nul", owner: "a\u0000b", version: 1, created_at: 1, updated_at: 1, expires_at: null };
    const fields = { status: "", amount: 1, score: 1, note: null };
    await expect(direct.backend.write(SAMPLE, [{ ...record, fields, body: "{}" }])).rejects.toThrow();
  });
});
