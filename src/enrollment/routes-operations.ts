import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { freshnessOf, freshnessSchema } from "../staleness/index.ts";

const freshnessRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins." },
  {
    method: "get",
    path: "/system/freshness",
    operationId: "getFreshness",
    tags: ["system"],
    summary: "Late or stale work: snapshots, marks, queues, dead letters, divergences",
    responses: {
      200: { description: "The present numbers.", content: { "application/json": { schema: freshnessSchema } } },
    },
  },
);

/** Reads for operators. Mounted at /api/v1. */
export function operationsRoutes() {
  return newRouter().openapi(freshnessRoute, async (c) => c.json(await freshnessOf(c.env, Date.now()), 200));
}
