import { z } from "@hono/zod-openapi";
import { desc, gte, inArray } from "drizzle-orm";
import { nudgeAudit } from "../audit/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { claimOf, idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { instantSchema, toInstant, toInstantOrNull } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import type { ModelMetrics } from "./registry.ts";
import { TAGS } from "./routes-data.ts";
import { readPosition, runOf, startRun } from "./runs.ts";
import { modelsBefore } from "./statements.ts";
import { insightAliases, type insightModels, insightRuns } from "./tables.ts";
import { insightMetrics } from "./watch.ts";

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const NO_STORE = { "cache-control": "no-store" };
/** The number of runs shown. */
const RUNS = 10;

const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
const evaluation = z.object({
  count: z.int(),
  positive: z.number(),
  majority: z.number(),
  accuracy: estimate,
  auc: estimate,
  brier: z.number(),
  calibration: z.array(z.object({ predicted: z.number(), observed: estimate, count: z.int() })),
});
const modelView = z
  .object({
    hash: z.string(),
    alias: z.enum(["champion", "challenger"]).nullable(),
    created_at: z.string(),
    promoted_at: z.string().nullable(),
    decision: z.string(),
    run_id: z.string(),
    data_hash: z.string(),
    code_version: z.string(),
    metrics: z.object({
      train: z.array(z.string()),
      test: z.array(z.string()),
      rows: z.array(z.int()),
      blend: z.number(),
      cut_offs: z.array(z.object({ share: z.number(), model: evaluation, plain: evaluation })),
    }),
  })
  .openapi("InsightModel");

const modelsRoute = defineRoute(
  { roles: ["author", "admin"], rule: "Authors and admins. It is about models, not about learners." },
  {
    method: "get",
    path: "/insight/models",
    operationId: "listModels",
    tags: TAGS,
    summary: "The model registry, newest first: training data, test results, and whether the model is in use",
    request: { query: z.object(pageQuery) },
    responses: { 200: { description: "A page of models.", content: json(pageSchema(modelView)) } },
  },
);

const statusView = z
  .object({
    runs: z.array(
      z.object({
        id: z.string(),
        cause: z.string(),
        as_of: z.string(),
        state: z.enum(["running", "done", "failed"]),
        step: z.string(),
        started_at: z.string(),
        finished_at: z.string().nullable(),
        error: z.string().nullable(),
        note: z.string().nullable(),
        data_hash: z.string().nullable(),
        courses: z.int(),
        predicted: z.int(),
        cleaning: z.record(z.string(), z.int()).nullable(),
        drift: z.array(z.object({ feature: z.string(), shift: z.number(), count: z.int() })),
      }),
    ),
    weeks: z.array(
      z.object({ kind: z.enum(["live", "backtest"]), week_start: z.string(), total: z.int(), correct: z.int() }),
    ),
    ml_eval_total: z.int(),
    ml_correct_total: z.int(),
    champion_age_seconds: z.number().nullable(),
    last_run_age_seconds: z.number().nullable(),
    alarm: z
      .object({ code: z.string(), priority: z.enum(["P1", "P2"]), accuracy: estimate, labels: z.int() })
      .nullable(),
  })
  .openapi("InsightStatus");

const statusRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "get",
    path: "/insight/status",
    operationId: "getInsightStatus",
    tags: TAGS,
    summary: "Latest runs, dropped data, drift of each feature, accuracy by week, and the alert if there is one",
    responses: { 200: { description: "The present numbers.", content: json(statusView) } },
  },
);

const runRoute = defineRoute(
  { roles: ["admin"], rule: "Admins.", rate: "write" },
  {
    method: "post",
    path: "/insight/runs",
    operationId: "startInsightRun",
    tags: TAGS,
    summary: "Start a run for now, or for an instant in the past",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      body: {
        required: false,
        content: json(z.strictObject({ as_of: instantSchema.optional() }).openapi("InsightRunRequest")),
      },
    },
    responses: { 202: { description: "Started.", content: json(z.object({ run_id: z.string() })) } },
  },
);

/** Models and runs. Mounted at /api/v1. */
export function modelRoutes() {
  return newRouter()
    .openapi(modelsRoute, async (c) => {
      const db = databaseOf(c);
      const listed = await paginate(
        acceptedSecrets(c.env),
        "insight models",
        c.req.valid("query"),
        (after, take) => {
          // Models of one run may have the same instant, so the hash decides. A cursor of the release before has no
          // hash.
          const [from = "", hash = ""] = after?.split(" ") ?? [String(Number.MAX_SAFE_INTEGER)];
          return modelsBefore(directory(c.env), Number(from), hash, take)
            .all<typeof insightModels.$inferSelect>()
            .then(({ results }) => results);
        },
        (row) => `${row.created_at} ${row.hash}`,
      );
      if (!listed.ok) return respond(c, listed.refusal);
      const aliases = await db
        .select()
        .from(insightAliases)
        .where(inArray(insightAliases.alias, ["champion", "challenger"]))
        .all();
      const results = listed.value.page.map((row) => ({
        hash: row.hash,
        alias: aliases.find(({ model_hash }) => model_hash === row.hash)?.alias ?? null,
        created_at: toInstant(row.created_at),
        promoted_at: toInstantOrNull(row.promoted_at),
        decision: row.decision,
        run_id: row.run_id,
        data_hash: row.data_hash,
        code_version: row.code_version,
        // SAFETY: only the registry writes this, from this type.
        metrics: JSON.parse(row.metrics) as ModelMetrics,
      }));
      return c.json({ results, next_cursor: listed.value.next }, 200, NO_STORE);
    })
    .openapi(statusRoute, async (c) => {
      const now = Date.now();
      const recent = databaseOf(c).select().from(insightRuns).where(gte(insightRuns.started_at, 0));
      const rows = await recent.orderBy(desc(insightRuns.started_at)).limit(RUNS).all();
      const { weeks, ...metrics } = await insightMetrics(c.env, now);
      const runs = rows.map((run) => {
        const { courses, predicted, cleaning, drift, note } = readPosition(run);
        return {
          id: run.id,
          cause: run.cause,
          as_of: toInstant(run.as_of),
          state: run.state,
          step: run.step,
          started_at: toInstant(run.started_at),
          finished_at: toInstantOrNull(run.finished_at),
          error: run.error,
          note,
          data_hash: run.data_hash,
          courses: courses.length,
          predicted,
          cleaning,
          drift: Object.entries(drift)
            .filter(([, { count }]) => count > 0)
            .map(([feature, { count, sum }]) => ({ feature, shift: sum / count, count })),
        };
      });
      const starts = weeks.map(({ week, ...rest }) => ({ ...rest, week_start: toInstant(week * 7 * 86_400_000) }));
      return c.json({ runs, weeks: starts, ...metrics }, 200, NO_STORE);
    })
    .openapi(runRoute, async (c) => {
      const now = Date.now();
      const wanted = c.req.valid("json")?.as_of;
      const asOf = wanted === undefined ? now : Date.parse(wanted);
      if (asOf > now) {
        const errors = [{ path: "as_of", rule: "in_future", message: "an instant that has passed" }];
        return respond(c, refuse("invalid_input", { errors }).refusal);
      }
      const by = { actor: actorOf(c), request_id: c.get("requestId") };
      // A repetition has the same cause, and one cause starts only one run.
      const cause = `asked ${claimOf(c)?.effect ?? crypto.randomUUID()}`;
      const run = (await startRun(c.env, cause, asOf, now, by)) ?? (await runOf(c.env, cause));
      nudgeAudit(c);
      return run === null ? respond(c, refuse("concurrent_change").refusal) : c.json({ run_id: run }, 202, NO_STORE);
    });
}
