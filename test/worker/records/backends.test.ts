import { env } from "cloudflare:workers";
import { beforeAll } from "vitest";
import { D1Backend } from "../../../src/records/backends/d1.ts";
import { KvBackend } from "../../../src/records/backends/kv.ts";
import { MemoryLevel } from "../../../src/records/backends/memory.ts";
import { R2Backend } from "../../../src/records/backends/r2.ts";
import { SearchBackend, searchSchema } from "../../../src/records/backends/search.ts";
import { conformance } from "../../support/records/conformance.ts";
import { SAMPLE, SAMPLE_TABLE } from "../../support/records/sample.ts";
import { refusingBinding, silentBinding } from "../../support/worker/broken-bindings.ts";
import { brokenDatabase, silentDatabase } from "../../support/worker/faults.ts";

beforeAll(async () => {
  for (const sql of [SAMPLE_TABLE, ...searchSchema(SAMPLE)]) await env.DB.prepare(sql).run();
});

const emptyMemory = () => new MemoryLevel({ bytes: 1_000_000, lifeMs: 10_000, absentLifeMs: 5_000 });
const memory = emptyMemory();

conformance("D1", () => ({
  backend: new D1Backend(env.DB),
  refusing: new D1Backend(brokenDatabase()),
  silent: new D1Backend(silentDatabase()),
}));

conformance("search", () => ({
  backend: new SearchBackend(env.DB),
  refusing: new SearchBackend(brokenDatabase()),
  silent: new SearchBackend(silentDatabase()),
}));

conformance("R2", () => ({
  backend: new R2Backend(env.RECORDS),
  refusing: new R2Backend(refusingBinding()),
  silent: new R2Backend(silentBinding()),
}));

conformance("KV", () => ({
  backend: new KvBackend(env.RECORD_CACHE, memory),
  refusing: new KvBackend(refusingBinding(), emptyMemory()),
  silent: new KvBackend(silentBinding(), emptyMemory()),
}));

// Without its first level every read and every guard goes to KV itself.
conformance("KV without memory", () => ({
  backend: new KvBackend(env.RECORD_CACHE, new MemoryLevel({ bytes: 0, lifeMs: 0, absentLifeMs: 0 })),
  refusing: new KvBackend(refusingBinding(), emptyMemory()),
  silent: new KvBackend(silentBinding(), emptyMemory()),
}));
