import { z } from "@hono/zod-openapi";
import { and, asc, desc, eq, gt, lt, or } from "drizzle-orm";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { courseSlugSchema, enrollmentIdSchema, parseEnrollmentId } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import type { Language } from "../platform/text.ts";
import { lineageOf } from "./lineage.ts";
import { adviceOf, givenReasonSchema, sentenceOf, summaryOf } from "./reasons.ts";
import { STAFF_RULE, staffOf, TAGS } from "./routes-data.ts";
import { insightModels, insightPredictions, insightRuns, type PredictionRow } from "./tables.ts";

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const NO_STORE = { "cache-control": "no-store" };

const predictionView = z
  .object({
    enrollment_id: z.string(),
    user_id: z.string(),
    probability_of_passing: z.number(),
    is_at_risk: z.boolean().openapi({ description: "Less likely than not to pass." }),
    day: z.int().openapi({ description: "Day of the course the prediction is about." }),
    predicted_at: z.string(),
    kind: z.enum(["live", "backtest"]).openapi({
      description: "backtest: about a finished course, made later, from the data that was known on that day.",
    }),
    reasons: z.array(
      z.object({
        reason: z.string(),
        weight: z.number().openapi({ description: "Part of the log-odds of passing; negative means a risk." }),
        sentence: z.string(),
      }),
    ),
    summary: z.string(),
    advice: z.string().nullable(),
    outcome: z.enum(["passed", "not_passed"]).nullable(),
    model: z.string(),
  })
  .openapi("InsightPrediction");

const atRiskRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: STAFF_RULE },
  {
    method: "get",
    path: "/courses/{course}/insight/at-risk",
    operationId: "listLearnersAtRisk",
    tags: TAGS,
    summary: "Learners who are less likely than not to pass, the least likely first, with reasons and advice",
    request: {
      params: z.object({ course: courseSlugSchema }),
      query: z.object({
        ...pageQuery,
        lang: languageQuery,
        below: z.coerce
          .number()
          .min(0)
          .max(1)
          .default(0.5)
          .openapi({ description: "Probability of passing below this." }),
      }),
    },
    responses: {
      200: { description: "A page of the latest predictions.", content: json(pageSchema(predictionView)) },
    },
  },
);

const enrollmentRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: "Own enrollment; staff of the course.", refuses: ["course_not_found"] },
  {
    method: "get",
    path: "/enrollments/{enrollment}/insight",
    operationId: "listPredictions",
    tags: TAGS,
    summary: "Every prediction about one learner, the latest first",
    request: { params: z.object({ enrollment: enrollmentIdSchema }), query: z.object({ lang: languageQuery }) },
    responses: {
      200: {
        description: "Empty if nothing has been predicted.",
        content: json(z.object({ enrollment_id: z.string(), predictions: z.array(predictionView) })),
      },
    },
  },
);

const dataset = z.object({
  namespace: z.string(),
  name: z.string(),
  facets: z.record(z.string(), z.looseObject({})).optional(),
});
const lineageView = z
  .object({
    events: z
      .array(
        z.object({
          eventType: z.enum(["START", "COMPLETE", "FAIL"]),
          eventTime: z.string(),
          run: z.object({ runId: z.string(), facets: z.record(z.string(), z.looseObject({})).optional() }),
          job: z.object({ namespace: z.string(), name: z.string() }),
          inputs: z.array(dataset),
          outputs: z.array(dataset),
          producer: z.string(),
          schemaURL: z.string(),
        }),
      )
      .openapi({ description: "OpenLineage run events, oldest job first." }),
    snapshot: z.object({ sha256: z.string(), parts: z.int() }),
    verified: z
      .object({ model: z.boolean(), manifest: z.boolean(), parts: z.boolean(), course_in_snapshot: z.boolean() })
      .openapi({ description: "The content was read during this request, and has the recorded hash." }),
  })
  .openapi("InsightLineage");

const lineageRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: STAFF_RULE,
    refuses: ["not_found", "course_not_found"],
  },
  {
    method: "get",
    path: "/enrollments/{enrollment}/insight/lineage",
    operationId: "getPredictionLineage",
    tags: TAGS,
    summary: "The origin of the latest prediction about a learner, back to the data snapshot, with checked hashes",
    request: { params: z.object({ enrollment: enrollmentIdSchema }) },
    responses: { 200: { description: "OpenLineage.", content: json(lineageView) } },
  },
);

/** What staff and learners read of early warning. Mounted at /api/v1. */
export function readRoutes() {
  return newRouter()
    .openapi(atRiskRoute, async (c) => {
      const { course } = c.req.valid("param");
      const staff = await staffOf(c, course);
      if (!staff.ok) return respond(c, staff.refusal);
      const query = c.req.valid("query");
      const table = insightPredictions;
      const listed = await paginate(
        acceptedSecrets(c.env),
        `insight ${course} ${query.below}`,
        query,
        (after, take) => {
          const place = after === null ? null : placeOf(after);
          const behind =
            place === null
              ? undefined
              : or(
                  gt(table.probability, place.probability),
                  and(eq(table.probability, place.probability), gt(table.enrollment_id, place.id)),
                );
          const wanted = and(
            eq(table.course_slug, course),
            eq(table.latest, 1),
            lt(table.probability, query.below),
            behind,
          );
          const sorted = databaseOf(c).select().from(table).where(wanted);
          return sorted.orderBy(asc(table.probability), asc(table.enrollment_id)).limit(take).all();
        },
        (row) => `${row.probability} ${row.enrollment_id}`,
      );
      if (!listed.ok) return respond(c, listed.refusal);
      const language = languageOf(c);
      const results = listed.value.page.map((row) => viewOf(row, language));
      return c.json({ results, next_cursor: listed.value.next }, 200, NO_STORE);
    })
    .openapi(enrollmentRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const allowed = await mayRead(c, enrollment);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const rows = await predictionsOf(c, enrollment, 100);
      const language = languageOf(c);
      const predictions = rows.map((row) => viewOf(row, language));
      return c.json({ enrollment_id: enrollment, predictions }, 200, NO_STORE);
    })
    .openapi(lineageRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const staff = await staffOf(c, parseEnrollmentId(enrollment).course);
      if (!staff.ok) return respond(c, staff.refusal);
      const [prediction] = await predictionsOf(c, enrollment, 1);
      if (prediction === undefined) return respond(c, NOTHING.refusal);
      const db = databaseOf(c);
      const model = await db.select().from(insightModels).where(eq(insightModels.hash, prediction.model_hash)).get();
      const runOf = (id: string) => db.select().from(insightRuns).where(eq(insightRuns.id, id)).get();
      const trained = model === undefined ? undefined : await runOf(model.run_id);
      const predicted = await runOf(prediction.run_id);
      if (model === undefined || trained === undefined || predicted === undefined) return respond(c, NOTHING.refusal);
      return c.json(await lineageOf(c.env, prediction, model, trained, predicted), 200, NO_STORE);
    });
}

const NOTHING = refuse("not_found", { detail: "Nothing has been predicted about this enrollment." });

function predictionsOf(c: AppContext, enrollment: string, most: number): Promise<PredictionRow[]> {
  const { enrollment_id, day } = insightPredictions;
  const query = databaseOf(c).select().from(insightPredictions).where(eq(enrollment_id, enrollment));
  return query.orderBy(desc(day)).limit(most).all();
}

async function mayRead(c: AppContext, enrollment: string): Promise<Result<null>> {
  const { course, user } = parseEnrollmentId(enrollment);
  return actorOf(c).id === user ? ok(null) : staffOf(c, course);
}

/** The last row of a page, from its cursor. */
function placeOf(position: string): { probability: number; id: string } {
  const space = position.indexOf(" ");
  return { probability: Number(position.slice(0, space)), id: position.slice(space + 1) };
}

function viewOf(row: PredictionRow, language: Language): z.infer<typeof predictionView> {
  const reasons = z.array(givenReasonSchema).parse(JSON.parse(row.reasons));
  return {
    enrollment_id: row.enrollment_id,
    user_id: row.user_id,
    probability_of_passing: Math.round(row.probability * 10_000) / 10_000,
    is_at_risk: row.probability < 0.5,
    day: row.day,
    predicted_at: toInstant(row.predicted_at),
    kind: row.kind,
    reasons: reasons.map((reason) => ({
      reason: reason.reason,
      weight: reason.weight,
      sentence: sentenceOf(reason)[language],
    })),
    summary: summaryOf(reasons)[language],
    advice: row.probability < 0.5 ? (adviceOf(reasons)?.[language] ?? null) : null,
    outcome: row.passed === null ? null : row.passed === 1 ? "passed" : "not_passed",
    model: row.model_hash,
  };
}
