import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../../platform/http/context.ts";
import { toInstant } from "../../platform/instants.ts";
import { readiness } from "./readiness.ts";

/** Seconds after which a client that got "unavailable" asks again. */
const RETRY_AFTER_S = 5;

/** Adds /ready: can the service serve? It asks all dependencies. */
export function mountReadiness(app: OpenAPIHono<AppEnv>): void {
  app.get("/ready", async (c) => {
    const { checked_at, ...found } = await readiness.look(c.env, Date.now());
    const headers: Record<string, string> = { "cache-control": "no-store" };
    const isServing = found.status !== "unavailable";
    if (!isServing) headers["retry-after"] = String(RETRY_AFTER_S);
    return c.json({ ...found, checked_at: toInstant(checked_at) }, isServing ? 200 : 503, headers);
  });
}
