import { and, eq, gt } from "drizzle-orm";
import type { z } from "zod";
import { nudgeAudit } from "../../audit/index.ts";
import { askForDeliveries, forgetListeners, MAX_HOOKS } from "../../hooks/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { newRouter } from "../../platform/http/define-route.ts";
import { receiverFault, resolveOverHttps } from "../../platform/http/outbound.ts";
import { paginate } from "../../platform/http/pagination.ts";
import { toInstantOrNull } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { entryOfHook, findHook, hookFor, mayHook } from "./access.ts";
import {
  changeRoute,
  deliveriesRoute,
  listAllRoute,
  listOfCourseRoute,
  makeForAllRoute,
  makeForCourseRoute,
  pingRoute,
  readRoute,
  removeRoute,
  replayOneRoute,
  replayRoute,
  secretRoute,
} from "./declared.ts";
import { newestDeliveries, replayDelivery, replaySince } from "./deliveries.ts";
import { MAX_OF_COURSE, OVERLAP_MS } from "./limits.ts";
import { newSecret, sealSecret, signerOf } from "./secrets.ts";
import { bodyOf, sendEvent } from "./send.ts";
import { type newHookBody, viewDelivery, viewHook } from "./shapes.ts";
import { addHook, changeHook, dropHook, rotateHook } from "./statements.ts";
import { type HookRow, webhookSubscriptions } from "./tables.ts";

/** Secrets are shown once: no cache may keep them. */
const NO_STORE = { "cache-control": "no-store" };

/** Webhooks, to be mounted at /api/v1. */
export function webhookRoutes() {
  return newRouter()
    .openapi(listAllRoute, async (c) => {
      const allowed = await mayHook(c, null, false);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const list = await listed(c, null, c.req.valid("query"));
      return list.ok ? c.json(list.value, 200) : respond(c, list.refusal);
    })
    .openapi(listOfCourseRoute, async (c) => {
      const { course } = c.req.valid("param");
      const allowed = await mayHook(c, course, false);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const list = await listed(c, course, c.req.valid("query"));
      return list.ok ? c.json(list.value, 200) : respond(c, list.refusal);
    })
    .openapi(makeForAllRoute, async (c) => {
      const made = await make(c, null, c.req.valid("json"));
      return made.ok ? c.json(made.value, 201, NO_STORE) : respond(c, made.refusal);
    })
    .openapi(makeForCourseRoute, async (c) => {
      const made = await make(c, c.req.valid("param").course, c.req.valid("json"));
      return made.ok ? c.json(made.value, 201, NO_STORE) : respond(c, made.refusal);
    })
    .openapi(readRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, false);
      return found.ok ? c.json(viewHook(found.value, Date.now()), 200) : respond(c, found.refusal);
    })
    .openapi(changeRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, true);
      if (!found.ok) return respond(c, found.refusal);
      const { id } = found.value;
      const { url = null, note = null, types, state = null } = c.req.valid("json");
      const fault = url === null ? null : faultOf(c, url);
      if (fault !== null) return respond(c, fault.refusal);
      const asked = types === undefined ? null : JSON.stringify(types);
      const db = directory(c.env);
      await db.batch([
        changeHook(db, id, url, note, asked, state, actorOf(c).id, Date.now()),
        entryOfHook(c, "webhook.set", id, found.value.course_slug),
      ]);
      nudgeAudit(c);
      forgetListeners();
      await askForDeliveries(c.env, [id]);
      const row = await findHook(c, id);
      return row === null ? respond(c, refuse("not_found").refusal) : c.json(viewHook(row, Date.now()), 200);
    })
    .openapi(removeRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, true);
      if (!found.ok) return respond(c, found.refusal);
      const { id, course_slug } = found.value;
      const db = directory(c.env);
      await db.batch([dropHook(db, id), entryOfHook(c, "webhook.removed", id, course_slug)]);
      nudgeAudit(c);
      forgetListeners();
      return c.body(null, 204);
    })
    .openapi(secretRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, true);
      if (!found.ok) return respond(c, found.refusal);
      const { id, course_slug } = found.value;
      const secret = newSecret();
      const db = directory(c.env);
      const now = Date.now();
      const until = now + OVERLAP_MS;
      await db.batch([
        rotateHook(db, id, await sealSecret(c.env, id, secret), until, now),
        entryOfHook(c, "webhook.secret_replaced", id, course_slug),
      ]);
      nudgeAudit(c);
      const view = { ...viewHook(found.value, now), previous_secret_until: toInstantOrNull(until) ?? "", secret };
      return c.json(view, 200, NO_STORE);
    })
    .openapi(pingRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, true);
      if (!found.ok) return respond(c, found.refusal);
      const row = found.value;
      const now = Date.now();
      const sign = await signerOf(c.env, row, now);
      if (sign === null) {
        const error = "The stored secret cannot be read with the present AUTH_SECRET. Make a new one.";
        return c.json({ delivered: false, status: null, error, took_ms: 0 }, 200);
      }
      const id = `evt_${crypto.randomUUID().replaceAll("-", "")}`;
      const body = bodyOf({ type: "ping", at: now, data: { subscription_id: row.id } });
      const { outcome, status, error, ms } = await sendEvent(c.env, row.url, sign, { id, body }, resolveOverHttps);
      return c.json({ delivered: outcome === "delivered", status, error, took_ms: ms }, 200);
    })
    .openapi(deliveriesRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, false);
      if (!found.ok) return respond(c, found.refusal);
      const { id } = found.value;
      const list = await paginate(
        acceptedSecrets(c.env),
        `webhook ${id}`,
        c.req.valid("query"),
        (after, take) => newestDeliveries(c.env, id, after, take),
        ({ position }) => position,
      );
      if (!list.ok) return respond(c, list.refusal);
      const results = list.value.page.map((one) => viewDelivery(one.id, one.event));
      return c.json({ results, next_cursor: list.value.next }, 200);
    })
    .openapi(replayOneRoute, async (c) => {
      const { webhook, delivery } = c.req.valid("param");
      const found = await hookFor(c, webhook, true);
      if (!found.ok) return respond(c, found.refusal);
      const replayed = await replayDelivery(c.env, webhook, delivery, Date.now());
      if (!replayed.ok) return respond(c, replayed.refusal);
      await noteReplay(c, found.value);
      return c.json(viewDelivery(delivery, replayed.value), 202);
    })
    .openapi(replayRoute, async (c) => {
      const found = await hookFor(c, c.req.valid("param").webhook, true);
      if (!found.ok) return respond(c, found.refusal);
      const { since, only } = c.req.valid("json");
      const again = await replaySince(c.env, found.value.id, Date.parse(since), only, Date.now());
      // What was reached waits, whether or not the rest could be.
      await noteReplay(c, found.value);
      if (!again.ok) return respond(c, again.refusal);
      const { replayed, next } = again.value;
      return c.json({ replayed, continue_since: toInstantOrNull(next) }, 202);
    });
}

/** A page of the subscriptions of a course; null: of all. */
async function listed(c: AppContext, course: string | null, query: { limit: number; cursor?: string | undefined }) {
  const { id, course_slug } = webhookSubscriptions;
  const found = await paginate(
    acceptedSecrets(c.env),
    `webhooks ${course ?? "*"}`,
    query,
    (after, take) =>
      databaseOf(c)
        .select()
        .from(webhookSubscriptions)
        .where(and(gt(id, after ?? ""), course === null ? undefined : eq(course_slug, course)))
        .orderBy(id)
        .limit(take)
        .all(),
    (row) => row.id,
  );
  if (!found.ok) return found;
  return ok({ results: found.value.page.map((row) => viewHook(row, Date.now())), next_cursor: found.value.next });
}

async function noteReplay(c: AppContext, { id, course_slug }: HookRow): Promise<void> {
  await entryOfHook(c, "webhook.replayed", id, course_slug).run();
  nudgeAudit(c);
  await askForDeliveries(c.env, [id]);
}

function faultOf(c: AppContext, url: string) {
  const fault = receiverFault(url, c.env.ENVIRONMENT === "local");
  return fault === null ? null : refuse("invalid_input", { errors: [{ path: "url", ...fault }] });
}

async function make(c: AppContext, course: string | null, asked: z.output<typeof newHookBody>) {
  const allowed: Result<null> = await mayHook(c, course, true);
  if (!allowed.ok) return allowed;
  const { url, note, types } = asked;
  const fault = faultOf(c, url);
  if (fault !== null) return fault;
  const id = crypto.randomUUID().replaceAll("-", "");
  const secret = newSecret();
  const sealed = await sealSecret(c.env, id, secret);
  const db = directory(c.env);
  const now = Date.now();
  const values = [id, course, url, note, JSON.stringify(types), sealed, actorOf(c).id, now] as const;
  const [added] = await db.batch([
    addHook(db, ...values, MAX_OF_COURSE, MAX_HOOKS),
    entryOfHook(c, "webhook.made", id, course),
  ]);
  const row = await findHook(c, id);
  if ((added?.meta.changes ?? 0) === 0 || row === null) {
    const detail = `There are at most ${MAX_OF_COURSE} subscriptions of a course, ${MAX_OF_COURSE} of all courses, and ${MAX_HOOKS} together.`;
    return refuse("quota_exceeded", { detail });
  }
  nudgeAudit(c);
  forgetListeners();
  return ok({ ...viewHook(row, now), secret });
}
