import { z } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import { rowFault } from "../platform/http/body.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { zodErrors } from "../platform/http/field-errors.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { ok, refuse } from "../platform/results.ts";
import type { NewEntry } from "./entry.ts";
import { json, TAGS } from "./routes-common.ts";
import { reportedEntrySchema } from "./shapes.ts";
import { callChain, MAX_APPEND } from "./stubs.ts";

/** Bytes of one batch. */
const MAX_BATCH_BYTES = 2_000_000;

/** How far in the future the clock of a service may be. */
const MAX_CLOCK_SKEW_MS = 300_000;

const batchRoute = defineRoute(
  {
    roles: ["service", "admin"],
    scope: "audit",
    rule: "Services and admins; actions of Latchkey itself are refused.",
    rows: "entries",
    rate: "write",
    maxBody: MAX_BATCH_BYTES,
  },
  {
    method: "post",
    path: "/audit/logs/batch",
    operationId: "recordAuditEntries",
    tags: TAGS,
    summary: "Record up to 500 entries; an acknowledged entry is stored and in the chain",
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: json(
          z.strictObject({
            entries: z
              .array(z.unknown())
              .min(1)
              .max(MAX_APPEND)
              .openapi({ description: "Each is a NewAuditEntry. An entry that breaks a rule is refused alone." }),
          }),
        ),
      },
    },
    responses: {
      200: {
        description: "One outcome per entry, in order.",
        content: json(
          z.object({
            results: z.array(
              z.object({
                index: z.int(),
                status: z.enum(["created", "duplicate", "invalid"]),
                seq: z.int().nullable(),
                hash: z.string().nullable(),
                errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
              }),
            ),
            accepted: z.int(),
            rejected: z.int(),
          }),
        ),
      },
    },
  },
);

export function batchRoutes() {
  return newRouter().openapi(batchRoute, async (c) => {
    const reporter = actorOf(c).id;
    const latest = Date.now() + MAX_CLOCK_SKEW_MS;
    const checked = c.req.valid("json").entries.map((input, index) => {
      const altered = rowFault(c, index);
      return altered === null ? checkReported(input, reporter, latest) : refuse("invalid_input", { errors: [altered] });
    });
    const valid = checked.flatMap((one) => (one.ok ? [one.value] : []));
    const appended = valid.length === 0 ? ok([]) : await callChain(c.env, (stub) => stub.append(valid));
    if (!appended.ok) return respond(c, appended.refusal);
    const outcomes = [...appended.value];
    const results = checked.map((one, index) => {
      const refused = { index, status: "invalid" as const, seq: null, hash: null };
      if (!one.ok) return { ...refused, errors: one.refusal.errors ?? [] };
      const outcome = outcomes.shift();
      if (outcome === undefined || outcome.status === "conflict") {
        const message = "This key was used for another entry.";
        return { ...refused, errors: [{ path: `entries[${index}].key`, rule: "key_reused", message }] };
      }
      return { index, status: outcome.status, seq: outcome.seq, hash: outcome.hash };
    });
    const rejected = results.filter(({ status }) => status === "invalid").length;
    return c.json({ results, accepted: results.length - rejected, rejected }, 200);
  });
}

/** A reported entry in the form of the chain. Its key belongs to the reporter, so nobody can use the key of another. */
function checkReported(input: unknown, reporter: string, latest: number) {
  const parsed = reportedEntrySchema.safeParse(input);
  if (!parsed.success) return refuse("invalid_input", { errors: zodErrors(parsed.error, "") });
  const { key, occurred_at, ...rest } = parsed.data;
  const occurred = Date.parse(occurred_at);
  if (occurred > latest) {
    const message = "This instant is in the future.";
    return refuse("invalid_input", { errors: [{ path: "occurred_at", rule: "in_future", message }] });
  }
  const entry: NewEntry = { ...rest, key: `${reporter}/${key}`, occurred_at: occurred, reported_by: reporter };
  return ok(entry);
}
