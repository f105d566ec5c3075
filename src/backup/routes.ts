import { z } from "@hono/zod-openapi";
import { orderAudit } from "../audit/index.ts";
import { actorOf, defineRoute, newRouter, respond } from "../shared/http.ts";
import { toInstant } from "../shared/instants.ts";
import { pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { refuse } from "../shared/results.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { BACKUP_ID, FILE_NAME, instantOf, MANIFEST } from "./format.ts";
import { verificationJob } from "./jobs.ts";
import { continueJob, type JobPlan, restorePlan } from "./restore.ts";
import { beginBackup, continueBackup } from "./run.ts";
import { backupIds, create, isFinished, keyOf, manifestOf, verifications } from "./store.ts";
import { liveTarget } from "./target.ts";
import { verificationPlan } from "./verify.ts";

const TAGS = ["backups"];
const POLICY = { roles: ["admin"], rule: "Admins." } as const;
/** How long one call works: its client waits for it. */
const WORK_MS = 8_000;
/** A part is some megabytes before it is compressed; far more than it can have after. */
const MAX_PART = 32_000_000;

const backupId = z.string().regex(BACKUP_ID, "an id as the list of backups names it").openapi({
  example: "20261125T020000000Z-0a1b2c3d",
});
const fileName = z.string().regex(FILE_NAME, "the manifest or a part that it names").openapi({ example: MANIFEST });
const byId = z.object({ backup: backupId });
const byFile = z.object({ backup: backupId, file: fileName });

const backupView = z
  .object({
    id: z.string(),
    state: z.enum(["running", "finished", "damaged"]),
    mark: z.string().openapi({ description: "Everything acknowledged before this instant is in the backup." }),
    finished_at: z.string().nullable(),
    rows: z.int(),
    bytes: z.int(),
    parts: z.int(),
    unreadable: z.int().openapi({ description: "Objects that could not be copied." }),
    verified_at: z.string().nullable(),
  })
  .openapi("Backup");
const workView = z
  .object({
    task: z.enum(["backup", "check", "verify", "restore"]),
    job: z.string(),
    done: z.boolean(),
    rows: z.int(),
    left_out: z.int().openapi({ description: "Rows written after the mark about what was not there then." }),
    missing_files: z.int().openapi({ description: "Users' files whose bytes are not in this deployment's bucket." }),
    ms: z.int().openapi({ description: "Since the job began." }),
  })
  .openapi("BackupWork");

const beginRoute = defineRoute(
  { ...POLICY, rate: "write" },
  {
    method: "post",
    path: "/system/backups",
    tags: TAGS,
    summary: "Begin a backup, or join the one that is under way; it goes on by itself",
    responses: {
      202: { description: "The backup.", content: { "application/json": { schema: backupView } } },
    },
  },
);
const listRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/backups",
  tags: TAGS,
  summary: "Backups, oldest first",
  request: { query: z.object(pageQuery) },
  responses: {
    200: { description: "A page of backups.", content: { "application/json": { schema: pageSchema(backupView) } } },
  },
});
const readRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/backups/{backup}",
  tags: TAGS,
  summary: "One backup",
  request: { params: byId },
  responses: { 200: { description: "The backup.", content: { "application/json": { schema: backupView } } } },
});
const workRoute = defineRoute(POLICY, {
  method: "post",
  path: "/system/backups/{backup}/work",
  tags: TAGS,
  summary: "Work some seconds on taking, checking, verifying or restoring a backup; repeat until it is done",
  request: {
    params: byId,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.strictObject({
            task: z.enum(["backup", "check", "verify", "restore"]).openapi({
              description:
                "check opens every part. verify also restores it into an empty scratch store, compares and reads it. " +
                "restore fills this very deployment, which must hold nothing.",
            }),
            job: z
              .string()
              .regex(/^[a-zA-Z0-9-]{1,100}$/)
              .optional()
              .openapi({ description: "`job` of the answer before; without it a new one begins." }),
          }),
        },
      },
    },
  },
  responses: {
    200: { description: "How far it is.", content: { "application/json": { schema: workView } } },
  },
});
const fileRoute = defineRoute(POLICY, {
  method: "get",
  path: "/system/backups/{backup}/files/{file}",
  tags: TAGS,
  summary: "A file of a backup: its manifest or a part",
  request: { params: byFile },
  responses: {
    200: {
      description: "The bytes.",
      content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
    },
  },
});
const bringRoute = defineRoute(
  { ...POLICY, maxBody: MAX_PART },
  {
    method: "put",
    path: "/system/backups/{backup}/files/{file}",
    tags: TAGS,
    summary: "Bring a file of a backup that was kept elsewhere; one that is there is never written over",
    request: {
      params: byFile,
      body: {
        required: true,
        content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
      },
    },
    responses: {
      200: {
        description: "Whether it was written; false when there was such a file already.",
        content: { "application/json": { schema: z.object({ created: z.boolean() }) } },
      },
    },
  },
);

/** Backups, for people and scripts with the admin role. None of these writes to D1, but for a restore. */
export function backupRoutes() {
  return newRouter()
    .openapi(beginRoute, async (c) => {
      const id = await beginBackup(c.env, Date.now());
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
      const { task, job = newJob(task, backup) } = c.req.valid("json");
      const manifest = await manifestOf(c.env, backup);
      const isBegun = manifest.ok || manifest.refusal.code !== "not_found";
      if (!isBegun) return respond(c, refuse("not_found").refusal);
      const started = Date.now();
      const until = started + WORK_MS;
      if (task === "backup") {
        const done = (await continueBackup(c.env, backup, until)) === "done";
        const view = await viewOf(c.env, backup, new Map());
        return c.json(
          { task, job, done, rows: view.rows, left_out: 0, missing_files: 0, ms: Date.now() - instantOf(backup) },
          200,
        );
      }
      if (!job.startsWith(`${task}-${backup}-`)) {
        const message = "the name of another task's job";
        return respond(c, refuse("invalid_input", { errors: [{ path: "job", rule: "other_task", message }] }).refusal);
      }
      const state = await continueJob(c.env, backup, job, planOf(c.env, task, job), until);
      if (!state.ok) return respond(c, state.refusal);
      const { phase, rows, left_out, missing_files, started_at, finished_at } = state.value;
      const ms = (finished_at ?? Date.now()) - started_at;
      return c.json({ task, job, done: phase === "done", rows, left_out, missing_files, ms }, 200);
    })
    .openapi(fileRoute, async (c) => {
      const { backup, file } = c.req.valid("param");
      const stored = await c.env.BACKUPS.get(keyOf(backup, file));
      if (stored === null) return respond(c, refuse("not_found").refusal);
      // Everybody's everything leaves the house. Once a day for each reader: a backup has many files.
      const unique = `${backup}:${actorOf(c).id}:${toInstant(Date.now()).slice(0, 10)}`;
      const ordered = await orderAudit(c, { action: "backup.read", target: { type: "backup", id: backup }, unique });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const headers = { "content-type": "application/octet-stream", "cache-control": "no-store" };
      // SAFETY: a stream has no typed form among the answers; it is what the schema calls binary.
      return new Response(stored.body, { headers }) as never;
    })
    .openapi(bringRoute, async (c) => {
      const { backup, file } = c.req.valid("param");
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      return c.json({ created: await create(c.env, keyOf(backup, file), bytes) }, 200);
    });
}

function newJob(task: string, backup: string): string {
  return task === "verify" ? verificationJob(backup) : `${task}-${backup}-${crypto.randomUUID().slice(0, 8)}`;
}

function planOf(env: Env, task: "check" | "verify" | "restore", job: string): JobPlan {
  if (task === "verify") return verificationPlan(env, job);
  const plan = restorePlan(env, liveTarget(env, job));
  if (task === "restore") return plan;
  return { ...plan, target: null, close: async () => ({ ok: true, value: null }) };
}

async function viewOf(
  env: Env,
  id: string,
  verified: ReadonlyMap<string, number>,
): Promise<z.infer<typeof backupView>> {
  const manifest = await manifestOf(env, id);
  const mark = toInstant(instantOf(id));
  const verified_at = verified.get(id);
  const common = { id, verified_at: verified_at === undefined ? null : toInstant(verified_at) };
  if (!manifest.ok) {
    const state = (await isFinished(env, id)) ? ("damaged" as const) : ("running" as const);
    return { ...common, state, mark, finished_at: null, rows: 0, bytes: 0, parts: 0, unreadable: 0 };
  }
  const { parts, rows, unreadable, finished_at } = manifest.value;
  return {
    ...common,
    state: "finished",
    mark: toInstant(manifest.value.mark),
    finished_at: toInstant(finished_at),
    rows: Object.values(rows).reduce((sum, count) => sum + count, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: parts.length,
    unreadable: unreadable.length,
  };
}
