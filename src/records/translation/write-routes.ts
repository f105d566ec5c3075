import { z } from "@hono/zod-openapi";
import { orderAudit, recordAudit } from "../../audit/index.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { respond } from "../../platform/http/answers.ts";
import { rowFault } from "../../platform/http/body.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader } from "../../platform/http/idempotency.ts";
import { inParallel } from "../../platform/parallel.ts";
import { type Result, refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { registryOf } from "../backends/index.ts";
import type { AppendAnswer, ItemOutcome, JournalItem } from "../journal/contract.ts";
import { query } from "../query.ts";
import { callJournal, JOURNALS, journalOf } from "../stubs.ts";
import type { StoredRecord } from "../types.ts";
import { ownerFor, reachesAll } from "./access.ts";
import { MAX_BATCH, MAX_BATCH_BYTES, outcomeSchema, ownerOf, readItem, sessionIdSchema } from "./schemas.ts";
import { FINISHED_STATUSES, type Kind, SESSION } from "./types.ts";

const TAGS = ["translation"];
/** Sessions one clean-up call deletes at most. */
const CLEANUP_PAGE = 200;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const body = <T extends z.ZodType>(schema: T) => ({ body: { required: true, content: json(schema) } });

const batchAnswer = z
  .object({
    results: z.array(outcomeSchema),
    accepted: z.int(),
    rejected: z.int(),
    journal_seq: z
      .int()
      .openapi({ description: "Everything up to this number is durable. `flush` answers with such a number too." }),
  })
  .openapi("BatchAnswer");

const batchOf = (name: string, form: string) =>
  z.strictObject({
    [name]: z
      .array(z.unknown())
      .min(1)
      .max(MAX_BATCH)
      .openapi({ description: `Each is a ${form}, all of one owner. An item that breaks a rule is refused alone.` }),
  });

const writePolicy = {
  roles: ROLES,
  scope: "records",
  rule: "Own records. Services and admins: all records.",
  rate: "write",
  maxBody: MAX_BATCH_BYTES,
} as const;

const sessionsRoute = defineRoute(
  { ...writePolicy, rows: "sessions", refuses: ["user_not_found"] },
  {
    method: "post",
    path: "/translation/sessions/batch",
    operationId: "writeTranslationSessions",
    tags: TAGS,
    summary: "Write up to 1,000 sessions of one owner; an acknowledged session is durable",
    request: { headers: idempotencyHeader, ...body(batchOf("sessions", "TranslationSession")) },
    responses: { 200: { description: "One outcome per item, in order.", content: json(batchAnswer) } },
  },
);

const tasksRoute = defineRoute(
  { ...writePolicy, rows: "tasks", refuses: ["user_not_found"] },
  {
    method: "post",
    path: "/translation/tasks/batch",
    operationId: "writeTranslationTasks",
    tags: TAGS,
    summary: "Write up to 1,000 tasks of one owner's sessions; an acknowledged task is durable",
    request: { headers: idempotencyHeader, ...body(batchOf("tasks", "TranslationTask")) },
    responses: { 200: { description: "One outcome per item, in order.", content: json(batchAnswer) } },
  },
);

const flushRoute = defineRoute(
  {
    roles: ROLES,
    scope: "records",
    rule: "The journal of your own records. Services and admins: all journals.",
    rate: "write",
  },
  {
    method: "post",
    path: "/translation/flush",
    operationId: "flushTranslation",
    tags: TAGS,
    summary: "Store everything that waits in the journal; the answer comes when it is done",
    request: { query: z.object({ owner: z.string().max(64).optional() }) },
    responses: {
      200: {
        description: "Everything acknowledged before is stored.",
        content: json(
          z.object({ journals: z.array(z.object({ journal: z.int(), journal_seq: z.int(), pending: z.int() })) }),
        ),
      },
    },
  },
);

const deleteRoute = defineRoute(
  {
    roles: ROLES,
    scope: "records",
    rule: "Own sessions. Services and admins: all sessions.",
    rate: "write",
    refuses: ["not_found"],
  },
  {
    method: "delete",
    path: "/translation/sessions/{id}",
    operationId: "deleteTranslationSession",
    tags: TAGS,
    summary: "Delete a session with all its tasks, everywhere and permanently",
    request: { params: z.object({ id: sessionIdSchema }) },
    responses: { 200: { description: "Gone.", content: json(z.object({ id: z.string(), deleted: z.boolean() })) } },
  },
);

const cleanupRoute = defineRoute(
  { roles: ["service", "admin"], scope: "records", rule: "Services and admins.", rate: "write" },
  {
    method: "post",
    path: "/translation/sessions/cleanup",
    operationId: "cleanUpTranslationSessions",
    tags: TAGS,
    summary: "Delete sessions that have expired or that ended before an instant",
    request: body(
      z.strictObject({
        ended_before: z.iso.datetime({ offset: true }).optional(),
        limit: z.int().min(1).max(CLEANUP_PAGE).default(CLEANUP_PAGE),
      }),
    ),
    responses: {
      200: {
        description: "What was deleted; `more` is true if there is more to delete.",
        content: json(z.object({ deleted: z.array(z.string()), more: z.boolean() })),
      },
    },
  },
);

/** Writing, flushing and deleting translation records, to be mounted at /api/v1. */
export function translationWriteRoutes() {
  return newRouter()
    .openapi(sessionsRoute, async (c) =>
      answerBatch(c, "session", z.object({ sessions: z.array(z.unknown()) }).parse(c.req.valid("json")).sessions),
    )
    .openapi(tasksRoute, async (c) =>
      answerBatch(c, "task", z.object({ tasks: z.array(z.unknown()) }).parse(c.req.valid("json")).tasks),
    )
    .openapi(flushRoute, async (c) => {
      const actor = actorOf(c);
      const { owner } = c.req.valid("query");
      if (owner !== undefined && owner !== actor.id && !reachesAll(actor)) {
        const detail = "Only services and admins flush the records of others.";
        return respond(c, refuse("forbidden", { detail }).refusal);
      }
      const one = owner ?? (reachesAll(actor) ? null : actor.id);
      const journals = one === null ? Array.from({ length: JOURNALS }, (_, journal) => journal) : [journalOf(one)];
      const flushed: { journal: number; journal_seq: number; pending: number }[] = [];
      const failures: Result<never>[] = [];
      await inParallel(journals, JOURNALS, async (journal) => {
        const result = await callJournal(c.env, journal, (stub) => stub.flush());
        if (result.ok) flushed.push({ journal, ...result.value });
        else failures.push(result);
      });
      const [failure] = failures;
      if (failure !== undefined && !failure.ok) return respond(c, failure.refusal);
      return c.json({ journals: flushed.sort((a, b) => a.journal - b.journal) }, 200);
    })
    .openapi(deleteRoute, async (c) => {
      const { id } = c.req.valid("param");
      const owner = ownerFor(actorOf(c), id);
      if (!owner.ok) return respond(c, owner.refusal);
      if (owner.value !== actorOf(c).id) {
        const ordered = await orderAudit(c, {
          action: "translation.deleted",
          target: { type: "translation_session", id },
        });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      const removed = await callJournal(c.env, journalOf(owner.value), (stub) => stub.remove(id));
      return removed.ok ? c.json({ id, ...removed.value }, 200) : respond(c, removed.refusal);
    })
    .openapi(cleanupRoute, async (c) => {
      const { ended_before, limit } = c.req.valid("json");
      const now = Date.now();
      const sessions = registryOf(c.env).primary(SESSION);
      const expired = await sessions.query(
        SESSION,
        query(SESSION).where("expires_at", "<=", now).sortBy("expires_at").limit(limit).build(),
      );
      const ended: StoredRecord[] = [];
      for (const status of FINISHED_STATUSES) {
        const room = limit - expired.length - ended.length;
        if (ended_before === undefined || room <= 0) break;
        // One state at a time: each has its sessions in the order of their last change, so none has to be sorted.
        const before = query(SESSION).where("status", "=", status).where("updated_at", "<", Date.parse(ended_before));
        ended.push(...(await sessions.query(SESSION, before.sortBy("updated_at").limit(room).build())));
      }
      const ids = [...new Set([...expired, ...ended].map(({ id }) => id))];
      if (ids.length > 0) {
        const target = { type: "translation_sessions", id: ids.length === 1 ? (ids[0] ?? "") : "expired" };
        const details = { entries: ids.length };
        const ordered = await orderAudit(c, { action: "translation.cleaned_up", target, details });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      const deleted: string[] = [];
      await inParallel(ids, JOURNALS, async (id) => {
        const removed = await callJournal(c.env, journalOf(ownerOf(id) ?? ""), (stub) => stub.remove(id));
        if (removed.ok) deleted.push(id);
      });
      return c.json({ deleted, more: ids.length >= limit }, 200);
    });
}

/**
 * Takes a batch: every item is checked by itself, those that pass go to their owner's journal in one call, and the
 * outcomes come back in the batch's order.
 */
async function answerBatch(c: AppContext, kind: Kind, inputs: readonly unknown[]) {
  const actor = actorOf(c);
  const now = Date.now();
  const items = inputs.map((input, index) => readItem(kind, input, now, rowFault(c, index)));
  const owners = new Set(items.flatMap((item) => ("record" in item ? [item.record.owner] : [])));
  const field = kind === "session" ? "sessions" : "tasks";
  if (owners.size > 1) {
    const message = "all items of a batch belong to one owner";
    return respond(c, refuse("invalid_input", { errors: [{ path: field, rule: "one_owner", message }] }).refusal);
  }
  const [owner = actor.id] = owners;
  if (owner !== actor.id && !reachesAll(actor))
    return respond(c, refuse("forbidden", { detail: "These records belong to another user." }).refusal);
  const key = c.req.header("idempotency-key");
  const idempotency =
    key === undefined
      ? null
      : { key: `${actor.id} ${kind} ${key}`, body_hash: await sha256Hex(JSON.stringify(inputs)) };
  const valid = items.filter((item): item is JournalItem => "record" in item);
  if (owner !== actor.id && valid.length > 0) {
    const recorded = await recordWrite(c, kind, owner, valid);
    if (!recorded.ok) return respond(c, recorded.refusal);
  }
  const appended: Result<AppendAnswer> =
    valid.length === 0
      ? { ok: true, value: { results: [], journal_seq: 0, replayed: false } }
      : await callJournal(c.env, journalOf(owner), (stub) => stub.append({ owner, items: valid, idempotency }));
  if (!appended.ok) return respond(c, appended.refusal);
  const taken = [...appended.value.results];
  const results = items.map(
    (item): ItemOutcome => ("record" in item ? (taken.shift() ?? { id: item.record.id, status: "stale" }) : item),
  );
  const rejected = results.filter(({ status }) => status === "invalid").length;
  if (appended.value.replayed) c.header("idempotency-replayed", "true");
  const { journal_seq } = appended.value;
  return c.json({ results, accepted: results.length - rejected, rejected, journal_seq }, 200);
}

/** Whoever writes another's records is recorded first. The same batch sent again is the same entry. */
async function recordWrite(
  c: AppContext,
  kind: Kind,
  owner: string,
  items: readonly JournalItem[],
): Promise<Result<null>> {
  const sessions = new Set(items.map(({ session }) => session));
  const [session] = sessions;
  const target =
    session !== undefined && sessions.size === 1
      ? { type: "translation_session", id: session }
      : { type: "user", id: owner };
  const written = items.map(({ record, hash }) => [record.id, record.version, hash]);
  const unique = `${actorOf(c).id}:${await sha256Hex(JSON.stringify([kind, written]))}`;
  return recordAudit(c, { action: "record.written", target, details: { kind, entries: items.length }, unique });
}
