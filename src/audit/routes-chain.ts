import { z } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { decodeCursor, encodeCursor, pageQuery } from "../platform/http/pagination.ts";
import { DAY_MS, instantSchema, toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { outboxDepth } from "./outbox.ts";
import { ADMINS, json, NO_STORE, TAGS } from "./routes-common.ts";
import { callChain } from "./stubs.ts";
import { FIRST_STEP, verifyPage, walkStateSchema } from "./verify/verify.ts";
import { BREAK_KINDS } from "./verify/walk.ts";

/** Entries younger than this are never purged. */
export const MIN_RETENTION_MS = 365 * DAY_MS;

const statsRoute = defineRoute(
  { ...ADMINS, scope: "operate" },
  {
    method: "get",
    path: "/audit/stats",
    operationId: "getAuditStats",
    tags: TAGS,
    summary: "Numbers of the chain, and waiting entries",
    responses: {
      200: {
        description: "The present numbers.",
        content: json(
          z
            .object({
              chain: z.string(),
              first_seq: z.int(),
              last_seq: z.int(),
              last_hash: z.string(),
              actions: z.array(z.object({ action: z.string(), outcome: z.string(), entries: z.int() })),
              unprojected: z.int(),
              oldest_unprojected_ms: z.number(),
              projection_error: z.string().nullable(),
              last_head: z.object({ number: z.int(), seq: z.int(), at: z.string() }).nullable(),
              heads_unstored: z.int(),
              head_conflicts: z.int(),
              purges: z.int(),
              is_purging: z.boolean(),
              outbox: z.object({ waiting: z.int(), refused: z.int() }),
            })
            .openapi("AuditStats"),
        ),
      },
    },
  },
);

const verifyRoute = defineRoute(
  { ...ADMINS, scope: "operate" },
  {
    method: "get",
    path: "/audit/verify",
    operationId: "verifyAuditChain",
    tags: TAGS,
    summary: "Check the next page of the chain: its hashes, the signed heads and the copy in D1",
    request: { query: z.object({ ...pageQuery, limit: pageQuery.limit.default(1_000) }) },
    responses: {
      200: {
        description: "Every fault in this page. `next_cursor` leads to the next page; null: this was the last one.",
        content: json(
          z
            .object({
              intact: z.boolean().openapi({ description: "There is no fault in this page." }),
              entries: z.int(),
              from_seq: z.int(),
              to_seq: z.int(),
              breaks: z.array(
                z.object({ kind: z.enum(BREAK_KINDS), from_seq: z.int(), to_seq: z.int(), detail: z.string() }),
              ),
              projection: z.enum(["compared", "unavailable"]),
              next_cursor: z.string().nullable(),
            })
            .openapi("AuditVerification"),
        ),
      },
    },
  },
);

const purgeRoute = defineRoute(
  { ...ADMINS, rate: "write" },
  {
    method: "post",
    path: "/audit/purge",
    operationId: "purgeAuditEntries",
    tags: TAGS,
    summary: "Remove the oldest entries up to a signed head, and sign a record of the removal",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              before: instantSchema.openapi({
                description: "Entries received before this instant may be removed. It must be at least a year ago.",
              }),
            })
            .openapi("AuditPurge"),
        ),
      },
    },
    responses: {
      200: {
        description: "The removed entries; null if no whole segment is that old.",
        content: json(
          z.object({
            purged: z
              .object({ number: z.int(), from_seq: z.int(), to_seq: z.int(), hash: z.string(), entry_seq: z.int() })
              .nullable(),
          }),
        ),
      },
    },
  },
);

export function chainRoutes() {
  return newRouter()
    .openapi(statsRoute, async (c) => {
      const state = await callChain(c.env, (stub) => stub.state());
      if (!state.ok) return respond(c, state.refusal);
      const { base_seq, seq, hash, head, ...numbers } = state.value;
      const view = {
        ...numbers,
        first_seq: base_seq + 1,
        last_seq: seq,
        last_hash: hash,
        last_head: head === null ? null : { ...head, at: toInstant(head.at) },
        outbox: await outboxDepth(databaseOf(c)),
      };
      return c.json(view, 200);
    })
    .openapi(verifyRoute, async (c) => {
      const { limit, cursor } = c.req.valid("query");
      const scope = "audit verification";
      const position = cursor === undefined ? null : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (position !== null && !position.ok) return respond(c, position.refusal);
      const state = position === null ? FIRST_STEP : walkStateSchema.parse(JSON.parse(position.value));
      const verified = await verifyPage(c.env, state, limit);
      if (!verified.ok) return respond(c, verified.refusal);
      const { next, ...page } = verified.value;
      const next_cursor = next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, JSON.stringify(next));
      return c.json({ intact: page.breaks.length === 0, ...page, next_cursor }, 200, NO_STORE);
    })
    .openapi(purgeRoute, async (c) => {
      const before = Date.parse(c.req.valid("json").before);
      if (before > Date.now() - MIN_RETENTION_MS) {
        const message = "Entries are kept for at least 365 days.";
        const errors = [{ path: "before", rule: "too_recent", message }];
        return respond(c, refuse("invalid_input", { errors }).refusal);
      }
      const { id, role } = actorOf(c);
      const request = { before, actor: { id, role }, request_id: c.get("requestId") };
      const purged = await callChain(c.env, (stub) => stub.purge(request));
      if (!purged.ok) return respond(c, purged.refusal);
      const { purge } = purged.value;
      if (purge === null) return c.json({ purged: null }, 200);
      const { number, from_seq, to_seq, hash, entry_seq } = purge;
      return c.json({ purged: { number, from_seq, to_seq, hash, entry_seq } }, 200);
    });
}
