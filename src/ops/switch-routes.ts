import { z } from "@hono/zod-openapi";
import { addAuditEntry, orderAudit } from "../audit/index.ts";
import { loadReadSwitch, READ_SWITCH_KEY, type ReadSwitch, readSwitch, readSwitchSchema } from "../mirror/index.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { toInstant } from "../platform/instants.ts";
import { logEvent, logFault } from "../platform/log.ts";

const PATH = "/system/switches/realtime-reads";
const content = { "application/json": { schema: readSwitchSchema } };

const showRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins." },
  {
    method: "get",
    path: PATH,
    operationId: "getRealtimeSwitch",
    tags: ["system"],
    summary: "Which share of reads goes to D1 instead of the objects, since when and why",
    responses: { 200: { description: "The value in KV; isolates follow within about a minute.", content } },
  },
);
const setRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins.", rate: "write" },
  {
    method: "put",
    path: PATH,
    operationId: "setRealtimeSwitch",
    tags: ["system"],
    summary: "Send a share of the reads to the realtime fallback, without a deploy",
    request: {
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z
              .strictObject({
                realtime_percent: readSwitchSchema.shape.realtime_percent,
                reason: z.string().trim().min(3).max(500),
              })
              .openapi("ReadSwitchChange"),
          },
        },
      },
    },
    responses: { 200: { description: "Set. Setting it again changes only the instant.", content } },
  },
);

/**
 * The switch is used when objects or D1 have faults, so its entry waits for neither: it goes into the chain, else into
 * D1's outbox, and if neither answers only the log has it.
 */
async function auditIfPossible(c: AppContext, realtime_percent: number): Promise<void> {
  const target = { type: "switch", id: "realtime-reads" };
  const entry = { action: "switch.changed", target, details: { realtime_percent } } as const;
  const ordered = await orderAudit(c, entry);
  if (ordered.ok) return;
  const request_id = c.get("requestId");
  try {
    const ordered = { ...entry, actor: actorOf(c), request_id, outcome: "ordered" } as const;
    await addAuditEntry(databaseOf(c), ordered, Date.now());
  } catch (fault) {
    logFault("audit_missed", fault, { action: entry.action, request_id });
  }
}

/** Switches that work without a deploy, to be mounted at /api/v1. */
export function switchRoutes() {
  return newRouter()
    .openapi(showRoute, async (c) => c.json(await loadReadSwitch(c.env), 200))
    .openapi(setRoute, async (c) => {
      const now = Date.now();
      // No Idempotency-Key: D1 stores those, and this must work while D1 does not answer.
      const value: ReadSwitch = { ...c.req.valid("json"), set_at: toInstant(now) };
      await auditIfPossible(c, value.realtime_percent);
      await c.env.SWITCHES.put(READ_SWITCH_KEY, JSON.stringify(value));
      readSwitch.set(value, now);
      logEvent("read_switch_set", { realtime_percent: value.realtime_percent, user_id: actorOf(c).id });
      return c.json(value, 200);
    });
}
