import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { api } from "./lib/api-client.ts";
import { fromRoot } from "./lib/paths.ts";
import { renderRouteTable } from "./lib/route-table.ts";
import { startRuntime } from "./lib/runtime.ts";

// npm run docs:routes [-- openapi.json]
// Writes docs/developers/routes.md from the given OpenAPI document, else from the one the Worker itself serves.

const TARGET = fromRoot("docs/developers/routes.md");

async function servedDocument(): Promise<unknown> {
  const stateDir = mkdtempSync(join(tmpdir(), "latchkey-routes-"));
  const runtime = await startRuntime({ stateDir });
  try {
    const { status, body } = await api(runtime.url).get("/openapi.json");
    if (status !== 200) throw new Error(`/openapi.json answered ${status}`);
    return body;
  } finally {
    await runtime.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

const file = process.argv[2];
const document: unknown = file === undefined ? await servedDocument() : JSON.parse(readFileSync(file, "utf8"));
const table = renderRouteTable(document);
writeFileSync(TARGET, table);
console.log(`${TARGET}: ${table.split("\n").filter((line) => line.startsWith("| `")).length} routes`);
