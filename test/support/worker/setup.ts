import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

// Runs before every test file. Storage is isolated per file, not per test, so tests use ids of their own.
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
