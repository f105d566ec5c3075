import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll } from "vitest";

/** The queues' batch time-out (1 s) twice, and some. */
const QUEUE_DRAIN_MS = 2_500;

// Runs before every test file. Storage is isolated per file, not per test, so tests use ids of their own.
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

// Publishes and writes leave messages that are consumed a second later. A runner that stops while a consumer is starting
// never ends, so the last of them is waited for.
afterAll(() => new Promise((resolve) => setTimeout(resolve, QUEUE_DRAIN_MS)));
