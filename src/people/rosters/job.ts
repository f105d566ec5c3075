import { eq, sql } from "drizzle-orm";
import { z } from "zod";
import { sweepAudit } from "../../audit/index.ts";
import { type CourseEntry, fetchCourse, mayManage } from "../../courses/index.ts";
import { standsNow } from "../../identity/index.ts";
import type { Database } from "../../platform/database/counted.ts";
import { fetchPublic, resolveOverHttps } from "../../platform/http/outbound.ts";
import { describeFault, logEvent, logFault } from "../../platform/log.ts";
import { type FieldError, ok, type Refusal, type Result, refuse } from "../../platform/results.ts";
import type { Role } from "../../platform/roles.ts";
import { seal, unseal } from "../../platform/sealed.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { MANAGE_RULE } from "../common.ts";
import { type RunRow, rosterSources, type SourceRow } from "../tables.ts";
import { applyActs, Tally } from "./apply.ts";
import { begun, tell } from "./events.ts";
import { keepPeople } from "./known.ts";
import { ACTS_AT_ONCE, ACTS_OF_A_MESSAGE, FETCH_MS, FIRST_WAIT_MS, LEASE_MS, MAX_ATTEMPTS } from "./limits.ts";
import { prepareRun } from "./prepare.ts";
import { planSchema } from "./shapes.ts";
import {
  change,
  fileKey,
  findRun,
  findSource,
  giveUp,
  type Held,
  inboxKey,
  kept,
  planKey,
  previewKey,
  rosterDatabase,
  take,
} from "./store.ts";
import { MAX_FILE_BYTES } from "./unpack.ts";

/** Beyond any instant until which tokens are over. */
const AFTER_SIGN_OUTS_SECONDS = 60;

/** The run is another worker's by now. */
class LeaseLost extends Error {}

const countsSchema = z.record(z.string(), z.number());
const errorsSchema = z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() }));
const asJson = { httpMetadata: { contentType: "application/json" } };

/** What a secret of a source belongs to. */
export const secretPlace = ({ course_slug, name }: Pick<SourceRow, "course_slug" | "name">) =>
  `roster ${course_slug} ${name}`;

/**
 * Does what is next of a run: reads and plans, or carries out. It may be killed anywhere and be run twice: reading writes
 * nothing of the course, and carrying out goes on after the last note, each act harmless to repeat.
 *
 * @returns whether there is more to do at once.
 * @throws when the row cannot be read or written: the message comes again.
 */
export async function workOnRoster(env: Env, id: string): Promise<boolean> {
  const db = rosterDatabase(env);
  const held = await take(db, id, Date.now());
  if (held === null) {
    const ended = await giveUp(db, id, Date.now());
    if (ended !== null) await settle(env, db, ended);
    return false;
  }
  try {
    const isMore = held.row.state === "reading" ? await read(env, db, held) : await carryOut(env, db, held);
    if (isMore) return true;
  } catch (fault) {
    if (fault instanceof LeaseLost) return false;
    const { row } = held;
    logFault("roster_attempt_failed", fault, { run: id, attempt: row.attempts });
    const error = { path: "", rule: "attempt_failed", message: describeFault(fault) };
    const now = Date.now();
    if (row.attempts >= MAX_ATTEMPTS) await end(db, held, [error]);
    else {
      const state = row.state === "reading" ? "queued" : "confirmed";
      const wait = FIRST_WAIT_MS * 2 ** (row.attempts - 1);
      await change(db, held, { state, lease: null, due_at: now + wait, errors: kept([error]) });
      return false;
    }
  }
  const row = await findRun(db, id);
  if (row !== null) await settle(env, db, row);
  return false;
}

function keep(isOurs: boolean): void {
  if (!isOurs) throw new LeaseLost("the run is another worker's by now");
}

async function end(db: Database, held: Held, errors: readonly FieldError[]): Promise<false> {
  keep(await change(db, held, { state: "failed", errors: kept(errors), lease: null, finished_at: Date.now() }));
  logEvent("roster_failed", { run: held.row.id, course_id: held.row.course_slug, rule: errors[0]?.rule ?? "" });
  return false;
}

function errorsOf({ code, detail = code, errors = [] }: Refusal): FieldError[] {
  return errors.length > 0 ? errors : [{ path: "", rule: code, message: detail }];
}

/** A nightly source counts the nights on which nothing came of it; whoever owns the run is told. */
async function settle(env: Env, db: Database, row: RunRow): Promise<void> {
  const isGood = row.state === "done";
  if (row.begun === "nightly" || isGood) {
    const failures = isGood ? sql`0` : sql`failures + 1`;
    await db
      .update(rosterSources)
      .set({ failures })
      .where(sql`course_slug = ${row.course_slug} AND name = ${row.source}`);
  }
  await tell(env, row);
}

interface Standing {
  actor: { id: string; role: Role; request_id: string };
  course: CourseEntry;
  source: SourceRow;
}

/** Whose run it is, as they stand now: they may have been banned, or have lost their rights, since they set the source. */
async function standing(env: Env, db: Database, row: RunRow): Promise<Result<Standing>> {
  const source = await findSource(db, row.course_slug, row.source);
  const course = await fetchCourse(db, row.course_slug);
  if (source === null || course === null) return refuse("not_found", { detail: "The source was removed." });
  const issued_at = Math.ceil(Date.now() / 1_000) + AFTER_SIGN_OUTS_SECONDS;
  const stands = await standsNow(env, row.owner, { session: null, role: row.role, issued_at });
  if (!stands.ok && stands.refusal.code === "unavailable") throw new Error("it is not known now who the owner is");
  if (!stands.ok) return stands;
  const actor = { id: row.owner, role: stands.value, request_id: row.request_id };
  if (!mayManage({ ...actor, session: null }, course)) return refuse("forbidden", { detail: MANAGE_RULE });
  return ok({ actor, course, source });
}

async function read(env: Env, db: Database, held: Held): Promise<boolean> {
  const { row } = held;
  const stands = await standing(env, db, row);
  if (!stands.ok) return end(db, held, errorsOf(stands.refusal));
  const { source, course, actor } = stands.value;
  if (course.pointer === null) return end(db, held, errorsOf(refuse("course_unpublished").refusal));
  const bytes = await bytesOf(env, db, row, source);
  if (!bytes.ok) return end(db, held, errorsOf(bytes.refusal));
  const prepared = await prepareRun(env, db, { row, source, course, actor, bytes: bytes.value, now: Date.now() });
  if (!prepared.ok) return end(db, held, errorsOf(prepared.refusal));
  const { plan, preview } = prepared.value;
  await env.DOCUMENTS.put(planKey(row.id), JSON.stringify(plan), asJson);
  await env.DOCUMENTS.put(previewKey(row.id), JSON.stringify(preview), asJson);
  // By night nobody is asked, unless so many would go.
  const isAsked = row.begun !== "nightly" || preview.needs_confirmation;
  const { comes, changes, goes, unchanged, rights, observers, waiting } = preview;
  const counts = JSON.stringify({ comes, changes, goes, unchanged, rights, observers, waiting });
  keep(
    await change(db, held, {
      state: isAsked ? "planned" : "confirmed",
      total: plan.acts.length,
      applied: 0,
      counts,
      errors: "[]",
      attempts: 0,
      lease: null,
      due_at: 0,
    }),
  );
  return !isAsked;
}

/** The file of a run: as it was sent, or as it is where the source says. */
async function bytesOf(
  env: Env,
  db: Database,
  row: RunRow,
  source: SourceRow,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  if (row.begun === "sent") {
    const stored = await env.DOCUMENTS.get(fileKey(row.id));
    if (stored === null) return refuse("not_found", { detail: "The file is not kept any more; send it again." });
    return ok(new Uint8Array(await stored.arrayBuffer()));
  }
  if (source.address === null) return refuse("not_found", { detail: "The source has no address." });
  if (source.kind === "bucket") {
    const stored = await env.DOCUMENTS.get(inboxKey(source.course_slug, source.address));
    if (stored === null) return refuse("not_found", { detail: "The bucket has no file of this key." });
    if (stored.size > MAX_FILE_BYTES) {
      await stored.body.cancel();
      const message = `The file has more than ${MAX_FILE_BYTES} bytes.`;
      return refuse("invalid_input", { errors: [{ path: "address", rule: "too_large", message }] });
    }
    return ok(new Uint8Array(await stored.arrayBuffer()));
  }
  const headers = await headersOf(env, db, source);
  if (!headers.ok) return headers;
  const bounds = { maxBytes: MAX_FILE_BYTES, timeoutMs: FETCH_MS };
  return fetchPublic(source.address, headers.value, bounds, resolveOverHttps);
}

async function headersOf(env: Env, db: Database, source: SourceRow): Promise<Result<Record<string, string>>> {
  if (source.secret === null) return ok({});
  const secrets = acceptedSecrets(env);
  const opened = await unseal(secrets, secretPlace(source), source.secret);
  if (opened === null) {
    const message = "The stored token cannot be read with the present AUTH_SECRET. Set it again.";
    return refuse("invalid_input", { errors: [{ path: "token", rule: "sealed", message }] });
  }
  if (opened.isOld) {
    const secret = await seal(secrets, secretPlace(source), opened.text);
    await db
      .update(rosterSources)
      .set({ secret })
      .where(sql`course_slug = ${source.course_slug} AND name = ${source.name} AND secret = ${source.secret}`);
  }
  return ok({ authorization: `Bearer ${opened.text}` });
}

async function carryOut(env: Env, db: Database, held: Held): Promise<boolean> {
  const { row } = held;
  const stands = await standing(env, db, row);
  if (!stands.ok) return end(db, held, errorsOf(stands.refusal));
  const { actor, course } = stands.value;
  if (course.pointer === null) return end(db, held, errorsOf(refuse("course_unpublished").refusal));
  const stored = await env.DOCUMENTS.get(planKey(row.id));
  if (stored === null) {
    return end(db, held, errorsOf(refuse("not_found", { detail: "The plan is not kept any more." }).refusal));
  }
  const { acts, keeps } = planSchema.parse(await stored.json());
  const tally = new Tally(countsSchema.parse(JSON.parse(row.counts)), errorsSchema.parse(JSON.parse(row.errors)));
  const on = { env, db, course: { ...course, pointer: course.pointer }, source: row.source, actor };
  const most = Math.min(acts.length, row.applied + ACTS_OF_A_MESSAGE);
  let at = row.applied;
  if (at === 0) await tell(env, row, begun(row));
  while (at < most) {
    const next = Math.min(at + ACTS_AT_ONCE, most);
    await applyActs(on, acts.slice(at, next), tally);
    at = next;
    keep(await change(db, held, { applied: at, due_at: Date.now() + LEASE_MS, attempts: 0, ...told(tally) }));
    await tell(env, { ...row, state: "applying", applied: at, total: acts.length });
  }
  if (at < acts.length) {
    keep(await change(db, held, { state: "confirmed", lease: null, due_at: 0, asked_at: Date.now() }));
    return true;
  }
  await keepPeople(db, row.course_slug, row.source, keeps);
  const now = Date.now();
  keep(await change(db, held, { state: "done", applied: at, lease: null, finished_at: now, ...told(tally) }));
  // What was done stands in the log soon; the minute's cron carries over what is left.
  await sweepAudit(env).catch((fault: unknown) => logFault("audit_delayed", fault));
  logEvent("roster_done", { run: row.id, course_id: row.course_slug, acts: acts.length });
  return false;
}

function told({ counts, errors }: Tally) {
  return { counts: JSON.stringify(Object.fromEntries(counts)), errors: kept(errors) };
}

/** The night's source had its hour: the next is a day later. */
export async function noteNextNight(db: Database, source: SourceRow, due_at: number | null): Promise<void> {
  await db
    .update(rosterSources)
    .set({ due_at })
    .where(
      sql`${eq(rosterSources.course_slug, source.course_slug)} AND ${eq(rosterSources.name, source.name)} AND due_at = ${source.due_at}`,
    );
}
