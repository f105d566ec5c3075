import { z } from "@hono/zod-openapi";
import { type Applicant, loadEnrolling } from "../enrollment/index.ts";
import {
  type BatchRow,
  readRows,
  refusedRows,
  refuseTwice,
  rowErrorsSchema,
  rowsSchema,
} from "../platform/database/batch-rows.ts";
import { respond } from "../platform/http/answers.ts";
import { rowFault } from "../platform/http/body.ts";
import { actorOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { enrollmentId, userIdSchema } from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { inParallel } from "../platform/parallel.ts";
import { ok, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { accountsByEmail, courseFor, courseParam, emailSchema, json, MANAGE_RULE, READ_RULE, TAGS } from "./common.ts";
import { cohortsOf, rollPage } from "./roll.ts";

/** Rows of one batch, and bytes of its body. */
const MAX_BATCH = 5_000;
const MAX_BATCH_BYTES = 2_000_000;
/** Cohorts one learner may be in. */
export const MAX_COHORTS = 20;
/** Enrollments that one call ends: each is an object of its own. The others are left for the next. */
export const MAX_ENDED = 500;
/** Enrollments that are ended at once. */
export const PARALLEL = 12;

const learnerView = z
  .object({
    user_id: z.string(),
    enrollment_id: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    status: z.enum(["active", "withdrawn"]),
    cohorts: z.array(z.string()),
    practice_mode: z.boolean(),
    enrolled_at: z.string(),
    last_active_at: z.string().nullable(),
    completed_count: z.int(),
    item_count: z.int(),
  })
  .openapi("CoursePerson");
const listRoute = defineRoute(
  { roles: PEOPLE, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/people",
    operationId: "listPeople",
    tags: TAGS,
    summary: "The learners of a course by name, with e-mail addresses, cohorts and when they were last here",
    request: {
      params: courseParam,
      query: z.object({
        ...pageQuery,
        limit: z.coerce.number().int().min(1).max(200).default(50),
        search: z.string().max(100).default("").openapi({ description: "A part of a name, an address or an id." }),
        cohort: cohortNameSchema.optional().openapi({ description: "Only learners of this cohort." }),
        status: z.enum(["active", "withdrawn"]).default("active"),
      }),
    },
    responses: {
      200: {
        description: "A page of learners. It can have fewer than the limit, even none, although there is a next page.",
        content: json(pageSchema(learnerView)),
      },
    },
  },
);
const cohortsRoute = defineRoute(
  { roles: PEOPLE, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/cohorts",
    operationId: "listCohorts",
    tags: TAGS,
    summary: "The cohorts of a course, and how many learners are in each; the first 200",
    request: { params: courseParam },
    responses: {
      200: {
        description: "The cohorts by name.",
        content: json(pageSchema(z.object({ name: z.string(), learners: z.int() }).openapi("Cohort"))),
      },
    },
  },
);
const row = z
  .strictObject({
    user_id: userIdSchema.optional(),
    email: emailSchema.optional().describe("Of an account. Who has none is invited by a link."),
    cohorts: z.array(cohortNameSchema).max(MAX_COHORTS).nullable().default(null).describe("Null leaves them."),
    withdraw: z.boolean().default(false).describe("Ends the enrollment; the progress is kept for 30 days."),
  })
  .refine((body) => (body.user_id === undefined) !== (body.email === undefined), {
    path: ["user_id"],
    ...broken("one_of", "name either user_id or email"),
  });
const outcomeSchema = z
  .object({
    index: z.int(),
    user_id: z.string().nullable(),
    outcome: z.enum([
      "created",
      "updated",
      "unchanged",
      "withdrawn",
      "not_enrolled",
      "invalid",
      "user_not_found",
      "unavailable",
    ]),
    errors: rowErrorsSchema,
  })
  .openapi("PersonOutcome");
type PersonOutcome = z.output<typeof outcomeSchema>;
const batchRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGE_RULE,
    rate: "write",
    maxBody: MAX_BATCH_BYTES,
    rows: "people",
    refuses: ["course_unpublished", "shards_full"],
  },
  {
    method: "post",
    path: "/courses/{course}/people/batch",
    operationId: "changePeople",
    tags: TAGS,
    summary: "Enroll, put into cohorts or withdraw many, by e-mail address or id; each row is judged by itself",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(z.strictObject({ people: rowsSchema("PersonRow", row, MAX_BATCH) }).openapi("PeopleRequest")),
      },
    },
    responses: {
      200: {
        description: "A result for each row, in order. Sent again, it changes nothing.",
        content: json(z.object({ results: z.array(outcomeSchema) }).openapi("PeopleAnswer")),
      },
    },
  },
);

/** The learners of a course. */
export function personRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "read");
      if (!course.ok) return respond(c, course.refusal);
      const { slug } = course.value;
      const { search, cohort = null, status, limit, cursor } = c.req.valid("query");
      const scope = `people ${slug} ${status} ${cohort ?? ""} ${search}`;
      const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const query = { search: search.trim(), cohort, status, limit, after: after.value };
      const { learners, next } = await rollPage(databasesOf(c), slug, query);
      const results = learners.map((learner) => ({
        ...learner,
        enrollment_id: enrollmentId(slug, learner.user_id),
        enrolled_at: toInstant(learner.enrolled_at),
        last_active_at: toInstantOrNull(learner.last_active_at === 0 ? null : learner.last_active_at),
      }));
      const next_cursor = next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, next);
      return c.json({ results, next_cursor }, 200);
    })
    .openapi(cohortsRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "read");
      if (!course.ok) return respond(c, course.refusal);
      return c.json({ results: await cohortsOf(databasesOf(c), course.value.slug), next_cursor: null }, 200);
    })
    .openapi(batchRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { slug, pointer, organization } = course.value;
      if (pointer === null) return respond(c, refuse("course_unpublished").refusal);
      const { people } = c.req.valid("json");
      const read = readRows("people", row, people, (index) => rowFault(c, index));
      const emails = read.flatMap((one) => (one.ok && one.value.email !== undefined ? [one.value.email] : []));
      const accounts = await accountsByEmail(c, course.value, emails);
      const rows = read.map((one): BatchRow<{ user: string | null; cohorts: string[] | null; withdraw: boolean }> => {
        if (!one.ok) return one;
        const { user_id, email, cohorts, withdraw } = one.value;
        return { ok: true, value: { user: user_id ?? accounts.get(email ?? "")?.id ?? null, cohorts, withdraw } };
      });
      refuseTwice("people", rows, ({ user }) => user ?? crypto.randomUUID());
      const refusal = refusedRows(rows);
      if (refusal !== null) return respond(c, refusal);
      const { enrollAll, withdraw } = await loadEnrolling();
      const actor = { ...actorOf(c), request_id: c.get("requestId") };
      const results = rows.map(
        (one, index): PersonOutcome =>
          one.ok
            ? { index, user_id: one.value.user, outcome: "user_not_found" }
            : { index, user_id: null, outcome: "invalid", errors: one.errors },
      );
      const named = rows.flatMap((one, index) =>
        one.ok && one.value.user !== null ? [{ index, ...one.value, user: one.value.user }] : [],
      );
      const comers = named.filter((one) => !one.withdraw);
      const applicants = comers.map(({ user, cohorts }) => applicantOf(user, cohorts));
      const enrolled =
        applicants.length === 0
          ? ok([])
          : await enrollAll(c.env, c.get("queries"), { slug, pointer, organization }, applicants, actor);
      if (!enrolled.ok) return respond(c, enrolled.refusal);
      for (const [at, { index, user }] of comers.entries()) {
        const result = enrolled.value[at] ?? refuse("unavailable");
        const isUnknown = !result.ok && ["user_not_found", "not_enrolled"].includes(result.refusal.code);
        const outcome = !result.ok
          ? isUnknown
            ? "user_not_found"
            : "unavailable"
          : result.value.created
            ? "created"
            : result.value.updated
              ? "updated"
              : "unchanged";
        results[index] = { index, user_id: user, outcome };
      }
      const goers = named.filter((one) => one.withdraw);
      for (const { index, user } of goers.slice(MAX_ENDED))
        results[index] = { index, user_id: user, outcome: "unavailable" };
      await inParallel(goers.slice(0, MAX_ENDED), PARALLEL, async ({ index, user }) => {
        const ended = await withdraw(c.env, enrollmentId(slug, user), actor, "hand");
        const isUnknown = !ended.ok && ended.refusal.code === "not_enrolled";
        results[index] = {
          index,
          user_id: user,
          outcome: ended.ok ? "withdrawn" : isUnknown ? "not_enrolled" : "unavailable",
        };
      });
      if (results.some(({ outcome }) => outcome === "unavailable")) c.header("retry-after", "1");
      return c.json({ results }, 200);
    });
}

/** Somebody who is enrolled, or whose cohorts are set; everything else of them stays. */
export function applicantOf(user: string, cohorts: string[] | null): Applicant {
  return { user, cohorts, practice_mode: null, profile: null, enrolled_at: null };
}
