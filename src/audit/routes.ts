import { z } from "@hono/zod-openapi";
import { idempotent } from "../ops/idempotency.ts";
import { actorOf, databaseOf, defineRoute, idempotencyHeader, newRouter, respond, zodErrors } from "../shared/http.ts";
import { DAY_MS, instantSchema, toInstant } from "../shared/instants.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { ok, refuse } from "../shared/results.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { fitsSearch } from "../shared/words.ts";
import { type NewEntry, reportedEntrySchema } from "./entry.ts";
import { exportStream, FORMATS } from "./export.ts";
import { orderAudit, outboxDepth } from "./outbox.ts";
import { type AuditFilter, findEntries, namedEntries, positionOf, storedFilter } from "./query.ts";
import { callChain, MAIN_CHAIN, MAX_APPEND } from "./stubs.ts";
import { FIRST_STEP, verifyPage, walkStateSchema } from "./verify/verify.ts";
import { BREAK_KINDS } from "./verify/walk.ts";
import { entryView, viewEntry } from "./view.ts";

const TAGS = ["audit"];
const ADMINS = { roles: ["admin"], rule: "Admins." } as const;
/** Bytes of one batch. */
const MAX_BATCH_BYTES = 2_000_000;
/** How far in the future the clock of a service may be. */
const MAX_CLOCK_SKEW_MS = 300_000;
/** Entries younger than this are never purged. */
export const MIN_RETENTION_MS = 365 * DAY_MS;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const filterQuery = {
  actor: z.string().min(1).max(64).optional(),
  action: z.string().min(1).max(64).optional(),
  target: z.string().min(1).max(200).optional().openapi({ description: "Id of what was acted on." }),
  enrollment: z.string().min(3).max(200).optional().openapi({ description: "What happened in an enrollment." }),
  target_type: z.string().min(1).max(40).optional(),
  from: instantSchema.optional().openapi({ description: "Received at this instant or later." }),
  to: instantSchema.optional().openapi({ description: "Received before this instant." }),
  q: z
    .string()
    .min(1)
    .max(200)
    .refine(fitsSearch, "at most 64 words; each pair of Chinese characters is one")
    .optional()
    .openapi({ description: "Words, all of which occur. Chinese needs no spaces." }),
};

const batchRoute = defineRoute(
  {
    roles: ["service", "admin"],
    rule: "Services and admins; actions of Latchkey itself are refused.",
    rate: "write",
    maxBody: MAX_BATCH_BYTES,
  },
  {
    method: "post",
    path: "/audit/logs/batch",
    tags: TAGS,
    summary: "Record up to 500 entries; what is acknowledged is durable and in the chain",
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
              .openapi({ description: "Each a NewAuditEntry. One that breaks a rule is refused alone." }),
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

const listRoute = defineRoute(ADMINS, {
  method: "get",
  path: "/audit/logs",
  tags: TAGS,
  summary: "Entries, filtered and searched, newest first",
  request: { query: z.object({ ...pageQuery, ...filterQuery }) },
  responses: { 200: { description: "A page of entries.", content: json(pageSchema(entryView)) } },
});

const exportRoute = defineRoute(ADMINS, {
  method: "get",
  path: "/audit/logs/export",
  tags: TAGS,
  summary: "Entries as a streamed file, newest first; the export itself is recorded",
  request: { query: z.object({ ...filterQuery, format: z.enum(FORMATS).default("csv") }) },
  responses: {
    200: {
      description: 'CSV, or a JSON entry a line and last `{"end": true, "entries": n}`.',
      content: { "text/csv": { schema: z.string() }, "text/jsonl": { schema: z.string() } },
    },
  },
});

const statsRoute = defineRoute(ADMINS, {
  method: "get",
  path: "/audit/stats",
  tags: TAGS,
  summary: "The chain in numbers, and what waits",
  responses: {
    200: {
      description: "Numbers of now.",
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
});

const verifyRoute = defineRoute(ADMINS, {
  method: "get",
  path: "/audit/verify",
  tags: TAGS,
  summary: "Check the next page of the chain against its hashes, the signed heads and the search database",
  request: { query: z.object({ ...pageQuery, limit: pageQuery.limit.default(1_000) }) },
  responses: {
    200: {
      description: "Every break of the page; `next_cursor` continues, and null says that the walk is over.",
      content: json(
        z
          .object({
            intact: z.boolean().openapi({ description: "No break in this page." }),
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
});

const purgeRoute = defineRoute(
  { ...ADMINS, rate: "write" },
  {
    method: "post",
    path: "/audit/purge",
    tags: TAGS,
    summary: "Remove the oldest entries up to a signed head, with a signed record of it",
    middleware: [idempotent()],
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              before: instantSchema.openapi({
                description: "Entries received before it may go; a year ago at the latest.",
              }),
            })
            .openapi("AuditPurge"),
        ),
      },
    },
    responses: {
      200: {
        description: "What was removed; null when no whole segment is that old.",
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

/** The audit log, to be mounted at /api/v1. */
export function auditRoutes() {
  return newRouter()
    .openapi(batchRoute, async (c) => {
      const reporter = actorOf(c).id;
      const latest = Date.now() + MAX_CLOCK_SKEW_MS;
      const checked = c.req.valid("json").entries.map((input) => checkReported(input, reporter, latest));
      const valid = checked.flatMap((one) => (one.ok ? [one.value] : []));
      const appended = valid.length === 0 ? ok([]) : await callChain(c.env, (stub) => stub.append(valid));
      if (!appended.ok) return respond(c, appended.refusal);
      const outcomes = [...appended.value];
      const results = checked.map((one, index) => {
        const refused = { index, status: "invalid" as const, seq: null, hash: null };
        if (!one.ok) return { ...refused, errors: one.refusal.errors ?? [] };
        const outcome = outcomes.shift();
        if (outcome === undefined || outcome.status === "conflict") {
          const message = "This key stands for another entry.";
          return { ...refused, errors: [{ path: `entries[${index}].key`, rule: "key_reused", message }] };
        }
        return { index, status: outcome.status, seq: outcome.seq, hash: outcome.hash };
      });
      const rejected = results.filter(({ status }) => status === "invalid").length;
      return c.json({ results, accepted: results.length - rejected, rejected }, 200);
    })
    .openapi(listRoute, async (c) => {
      const { limit, cursor, ...given } = c.req.valid("query");
      const db = databaseOf(c);
      const filter = await storedFilter(db, filterOf(given));
      const found = await paginate(
        acceptedSecrets(c.env),
        `audit ${JSON.stringify(filter)}`,
        { limit, cursor },
        (after, take) => findEntries(db, filter, after === null ? null : Number(after), take),
        (row) => String(positionOf(filter, row)),
      );
      if (!found.ok) return respond(c, found.refusal);
      const page = await namedEntries(db, found.value.page);
      return c.json({ results: page.map(viewEntry), next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(exportRoute, async (c) => {
      const { format, ...given } = c.req.valid("query");
      const ordered = await orderAudit(c, {
        action: "audit.exported",
        target: { type: "audit_chain", id: MAIN_CHAIN },
        details: { kind: format },
      });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const type = format === "csv" ? "text/csv" : "text/jsonl";
      return new Response(exportStream(databaseOf(c), filterOf(given), format), {
        headers: {
          ...NO_STORE,
          "content-type": `${type}; charset=utf-8`,
          "content-disposition": `attachment; filename="audit.${format}"`,
        },
      });
    })
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

/** Who did what is nobody else's: no cache may keep it. */
const NO_STORE = { "cache-control": "no-store" };

/** A reported entry as the chain takes it. Its key is the reporter's own: nobody can take another's. */
function checkReported(input: unknown, reporter: string, latest: number) {
  const parsed = reportedEntrySchema.safeParse(input);
  if (!parsed.success) return refuse("invalid_input", { errors: zodErrors(parsed.error, "") });
  const { key, occurred_at, ...rest } = parsed.data;
  const occurred = Date.parse(occurred_at);
  if (occurred > latest) {
    const message = "This has not happened yet.";
    return refuse("invalid_input", { errors: [{ path: "occurred_at", rule: "in_future", message }] });
  }
  const entry: NewEntry = { ...rest, key: `${reporter}/${key}`, occurred_at: occurred, reported_by: reporter };
  return ok(entry);
}

function filterOf({
  from,
  to,
  ...rest
}: Omit<AuditFilter, "from" | "to"> & { from?: string | undefined; to?: string | undefined }): AuditFilter {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
  };
}
