import type { z } from "@hono/zod-openapi";
import { callChain, orderAudit, recordAudit, recordOncePerDay } from "../audit/index.ts";
import { create } from "../platform/backup-bucket.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type Actor, actorOf } from "../platform/http/context.ts";
import { newRouter } from "../platform/http/define-route.ts";
import { paginate } from "../platform/http/pagination.ts";
import { toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { keepErasures, listErasures, openErasures, signErasures } from "../privacy/index.ts";
import { checkErasures } from "./erase-again.ts";
import { type Begun, instantOf } from "./format.ts";
import { continueJob, type JobPlan } from "./job.ts";
import { verificationJob } from "./jobs.ts";
import { metered } from "./metered.ts";
import { restorePlan } from "./restore.ts";
import {
  type backupView,
  beginRoute,
  bringErasuresRoute,
  bringRoute,
  fileRoute,
  listErasuresRoute,
  listRoute,
  readRoute,
  workRoute,
} from "./route-definitions.ts";
import { beginBackup, begunOf, continueBackup } from "./run.ts";
import { backupIds, isFinished, jobState, keyOf, manifestOf, verifications } from "./store.ts";
import { liveTarget } from "./target.ts";
import { verificationPlan } from "./verify.ts";

/** How long one call works: its client waits for it. */
const WORK_MS = 8_000;

/** Backups, for people and scripts with the admin role. Into D1 a backup writes only what it needs to know what changed. */
export function backupRoutes() {
  return newRouter()
    .openapi(beginRoute, async (c) => {
      const { full = false } = c.req.valid("json") ?? {};
      const id = await beginBackup(c.env, Date.now(), full ? "everything" : "changes");
      const ordered = await orderAudit(c, { action: "backup.begun", target: { type: "backup", id }, unique: id });
      if (!ordered.ok) return respond(c, ordered.refusal);
      await c.env.BACKUP_QUEUE.send({ type: "backup", backup: id });
      return c.json(await viewOf(c.env, id, new Map()), 202);
    })
    .openapi(listRoute, async (c) => {
      const found = await paginate(
        acceptedSecrets(c.env),
        "backups",
        c.req.valid("query"),
        async (after, take) => (await backupIds(c.env)).filter((id) => id > (after ?? "")).slice(0, take),
        (id) => id,
      );
      if (!found.ok) return respond(c, found.refusal);
      const verified = await verifications(c.env);
      const results = await Promise.all(found.value.page.map((id) => viewOf(c.env, id, verified)));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(readRoute, async (c) => {
      const { backup } = c.req.valid("param");
      const manifest = await manifestOf(c.env, backup);
      if (!manifest.ok && manifest.refusal.code === "not_found") return respond(c, manifest.refusal);
      return c.json(await viewOf(c.env, backup, await verifications(c.env)), 200);
    })
    .openapi(workRoute, async (c) => {
      const { backup } = c.req.valid("param");
      const { task, job = newJob(task, backup), erasures } = c.req.valid("json");
      const manifest = await manifestOf(c.env, backup);
      const isBegun = manifest.ok || manifest.refusal.code !== "not_found";
      if (!isBegun) return respond(c, refuse("not_found").refusal);
      const started = Date.now();
      const until = started + WORK_MS;
      if (task === "backup") {
        const state = await continueBackup(c.env, backup, until);
        if (state === "given_up") {
          return respond(
            c,
            refuse("backup_incomplete", { detail: "This backup was stopped: a newer one has begun." }).refusal,
          );
        }
        const done = state === "done";
        const view = await viewOf(c.env, backup, new Map());
        return c.json(
          { task, job, done, rows: view.rows, left_out: 0, missing_files: 0, ms: Date.now() - instantOf(backup) },
          200,
        );
      }
      if (!job.startsWith(`${task}-${backup}-`)) {
        const message = "this job belongs to another task";
        return respond(c, refuse("invalid_input", { errors: [{ path: "job", rule: "other_task", message }] }).refusal);
      }
      if (task === "restore" && manifest.ok && (await jobState(c.env, job)) === null) {
        const checked = await checkErasures(c.env, manifest.value, erasures);
        if (!checked.ok) return respond(c, checked.refusal);
      }
      const env = metered(c.env);
      const plan = planOf(env, task, job, actorOf(c));
      const state = await continueJob(env, backup, job, plan, until, erasures ?? null);
      if (!state.ok) return respond(c, state.refusal);
      const { phase, rows, left_out, missing_files, erased_again, started_at, finished_at } = state.value;
      const ms = (finished_at ?? Date.now()) - started_at;
      return c.json({ task, job, done: phase === "done", rows, left_out, missing_files, erased_again, ms }, 200);
    })
    .openapi(fileRoute, async (c) => {
      const { backup, file } = c.req.valid("param");
      const stored = await c.env.BACKUPS.get(keyOf(backup, file));
      if (stored === null) return respond(c, refuse("not_found").refusal);
      // A backup has the data of everybody, so a download leaves an entry. One a day for each reader, because a backup
      // has many files.
      const unique = `${backup}:${actorOf(c).id}:${toInstant(Date.now()).slice(0, 10)}`;
      const ordered = await orderAudit(c, { action: "backup.read", target: { type: "backup", id: backup }, unique });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const headers = { "content-type": "application/octet-stream", "cache-control": "no-store" };
      return passOn(new Response(stored.body, { headers }));
    })
    .openapi(listErasuresRoute, async (c) => {
      const recorded = await recordOncePerDay(c, { action: "erasures.read", target: ERASURE_LIST });
      if (!recorded.ok) return respond(c, recorded.refusal);
      const text = await signErasures(c.env.AUTH_SECRET, await listErasures(c.env, Date.now()));
      const headers = { "content-type": "application/json", "cache-control": "no-store" };
      // The exact text that was signed.
      return passOn(new Response(text, { headers }));
    })
    .openapi(bringErasuresRoute, async (c) => {
      const text = await c.req.text();
      const opened = await openErasures(c.env, text);
      if (!opened.ok) return respond(c, opened.refusal);
      const { at, subjects } = opened.value;
      const chain = await callChain(c.env, (stub) => stub.state());
      if (!chain.ok) return respond(c, chain.refusal);
      // As for the files of a backup: an empty chain stays empty for the restore.
      if (chain.value.seq > 0) {
        const details = { entries: subjects.length };
        const recorded = await recordAudit(c, { action: "erasures.brought", target: ERASURE_LIST, details });
        if (!recorded.ok) return respond(c, recorded.refusal);
      }
      await keepErasures(c.env, text, Date.now());
      return c.json({ at: toInstant(at), subjects: subjects.length }, 200);
    })
    .openapi(bringRoute, async (c) => {
      const { backup, file } = c.req.valid("param");
      // The chain of an empty deployment must stay empty until the backup's chain is there: then the restore is
      // recorded.
      const chain = await callChain(c.env, (stub) => stub.state());
      if (!chain.ok) return respond(c, chain.refusal);
      if (chain.value.seq > 0) {
        const target = { type: "backup", id: backup };
        const recorded = await recordOncePerDay(c, { action: "backup.brought", target });
        if (!recorded.ok) return respond(c, recorded.refusal);
      }
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      return c.json({ created: await create(c.env, keyOf(backup, file), bytes) }, 200);
    });
}

const ERASURE_LIST = { type: "erasures", id: "all" };

function newJob(task: string, backup: string): string {
  return task === "verify" ? verificationJob(backup) : `${task}-${backup}-${crypto.randomUUID().slice(0, 8)}`;
}

function planOf(env: Env, task: "check" | "verify" | "restore", job: string, by: Actor): JobPlan {
  if (task === "verify") return verificationPlan(env, job);
  const plan = restorePlan(env, liveTarget(env, job), job, { id: by.id, role: by.role });
  if (task === "restore") return plan;
  const { open } = plan;
  return { target: null, open, close: async () => ({ ok: true, value: null }) };
}

async function viewOf(
  env: Env,
  id: string,
  verified: ReadonlyMap<string, number>,
): Promise<z.infer<typeof backupView>> {
  const manifest = await manifestOf(env, id);
  const verified_at = verified.get(id);
  const common = { id, verified_at: verified_at === undefined ? null : toInstant(verified_at) };
  if (!manifest.ok) {
    const isDamaged = await isFinished(env, id);
    const begun = isDamaged ? null : await begunOf(env, id);
    return {
      ...common,
      ...kindOf(begun),
      state: isDamaged ? "damaged" : "running",
      mark: toInstant(begun?.mark ?? instantOf(id)),
      finished_at: null,
      rows: 0,
      bytes: 0,
      parts: 0,
      objects: 0,
      d1_rows_read: 0,
      unreadable: 0,
    };
  }
  const { parts, rows, unreadable, finished_at } = manifest.value;
  return {
    ...common,
    ...kindOf(manifest.value),
    state: "finished",
    mark: toInstant(manifest.value.mark),
    finished_at: toInstant(finished_at),
    rows: Object.values(rows).reduce((sum, count) => sum + count, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: parts.length,
    objects: rows.enrollment_objects ?? 0,
    d1_rows_read: manifest.value.d1_rows_read,
    unreadable: unreadable.length,
  };
}

function kindOf(backup: Pick<Begun, "parent"> | null): Pick<z.infer<typeof backupView>, "kind" | "parent"> {
  if (backup === null) return { kind: null, parent: null };
  const parent = backup.parent?.id ?? null;
  return { kind: parent === null ? "full" : "changes", parent };
}
