import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect } from "vitest";
import { undeclaredAnswers } from "./declared-answers.ts";
import { enforceOnD1, enforceOnQueue, enforceOnSql } from "./platform-limits.ts";
import { makeTables, shards } from "./shards.ts";

// Runs before every test file. Storage is isolated per file, not per test, so tests use ids of their own.
await makeTables();

// From here on D1, objects and queues refuse what the platform refuses.
for (const database of shards()) enforceOnD1(database);
enforceOnQueue(env.REFRESH_QUEUE);
const unused = env.METRICS.get(env.METRICS.idFromName("never used"));
await runInDurableObject(unused, (_instance, state) => enforceOnSql(state.storage.sql));

afterEach(() => {
  expect(undeclaredAnswers(), "answers that the OpenAPI document does not declare").toEqual([]);
});
