import { z } from "@hono/zod-openapi";
import { fetchCourse } from "../courses/index.ts";
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
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { courseSlugSchema, userIdSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { profileSchema } from "../unlock/index.ts";
import type { Applicant } from "./applicant.ts";
import { enrollAll } from "./registry.ts";
import { cohortsSchema, enrolledAtSchema, givenEnrolledAt } from "./routes-policy.ts";
import { courseForWrite, DECIDE_RULE, STAFF } from "./staff.ts";

const TAGS = ["enrollment"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const courseParam = z.object({ course: courseSlugSchema });
/** Rows of one call, and bytes of its body. */
const MAX_BATCH = 5_000;
const MAX_BATCH_BYTES = 5_000_000;
const outcomeSchema = z
  .object({
    index: z.int(),
    outcome: z.enum(["created", "updated", "unchanged", "invalid", "user_not_found", "unavailable"]).openapi({
      description: "`invalid`: the row breaks a rule, see `errors`. `unavailable`: send it again.",
    }),
    enrollment_id: z.string().nullable(),
    unlocked: z.array(z.string()),
    locked: z.array(z.string()),
    errors: rowErrorsSchema,
  })
  .openapi("EnrollOutcome");
type EnrollOutcome = z.output<typeof outcomeSchema>;
/** A row of a roster. */
export const batchRow = z.strictObject({
  user_id: userIdSchema,
  cohorts: cohortsSchema.nullable().default(null),
  practice_mode: z.boolean().nullable().default(null),
  profile: profileSchema.nullable().default(null),
  enrolled_at: enrolledAtSchema
    .nullable()
    .default(null)
    .describe("When the enrollment began, if it began on another platform."),
});
const batchRoute = defineRoute(
  {
    roles: STAFF,
    scope: "enroll",
    rule: DECIDE_RULE,
    maxBody: MAX_BATCH_BYTES,
    rows: "enrollments",
    refuses: ["course_unpublished", "shards_full"],
  },
  {
    method: "post",
    path: "/courses/{course}/enrollments/batch",
    operationId: "enrollBatch",
    tags: TAGS,
    summary: "Enroll a roster: up to 5,000 learners, each row with its own result",
    // The key covers the whole call with its many objects; a repeat without a key finds everybody enrolled.
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(
          z.strictObject({ enrollments: rowsSchema("RosterRow", batchRow, MAX_BATCH) }).openapi("EnrollBatchRequest"),
        ),
      },
    },
    responses: {
      200: {
        description: "A result for each row, in order; 400 if all rows break rules.",
        content: json(
          z
            .object({
              results: z.array(outcomeSchema),
              created: z.int(),
              updated: z.int(),
            })
            .openapi("EnrollBatchAnswer"),
        ),
      },
    },
  },
);
/** Rosters: many learners enrolled by one call. */
export function rosterRoutes() {
  return newRouter().openapi(batchRoute, async (c) => {
    const { course: slug } = c.req.valid("param");
    const managed = await courseForWrite(c, slug, "decide");
    if (!managed.ok) return respond(c, managed.refusal);
    const course = await fetchCourse(databaseOf(c), slug);
    if (course?.pointer == null) return respond(c, refuse("course_unpublished").refusal);
    const now = Date.now();
    const { enrollments } = c.req.valid("json");
    const rows = readRows("enrollments", batchRow, enrollments, (index) => rowFault(c, index)).map(
      (row, index): BatchRow<Applicant> => {
        if (!row.ok) return row;
        const { user_id, cohorts, practice_mode, profile, enrolled_at } = row.value;
        const at = givenEnrolledAt(enrolled_at, now, `enrollments[${index}].enrolled_at`);
        if (typeof at === "object" && at !== null) return { ok: false, errors: [at] };
        return { ok: true, value: { user: user_id, cohorts, practice_mode, profile, enrolled_at: at } };
      },
    );
    refuseTwice("enrollments", rows, ({ user }) => user, "user_id");
    const refusal = refusedRows(rows);
    if (refusal !== null) return respond(c, refusal);
    const enrolled = await enrollAll(
      c.env,
      c.get("queries"),
      { slug, pointer: course.pointer, organization: course.organization },
      rows.flatMap((row) => (row.ok ? [row.value] : [])),
      { ...actorOf(c), request_id: c.get("requestId") },
    );
    if (!enrolled.ok) return respond(c, enrolled.refusal);
    let next = 0;
    const results = rows.map((row, index): EnrollOutcome => {
      const nothing = { index, enrollment_id: null, unlocked: [], locked: [] };
      if (!row.ok) return { ...nothing, outcome: "invalid", errors: row.errors };
      const result = enrolled.value[next++] ?? refuse("unavailable");
      if (!result.ok) {
        // An erased learner's object knows nobody.
        const isUnknown = result.refusal.code === "user_not_found" || result.refusal.code === "not_enrolled";
        return { ...nothing, outcome: isUnknown ? "user_not_found" : "unavailable" };
      }
      const { enrollment_id, unlocked, locked, created, updated } = result.value;
      return {
        index,
        outcome: created ? "created" : updated ? "updated" : "unchanged",
        enrollment_id,
        unlocked,
        locked,
      };
    });
    // The caller may come back with the same key, so such an answer is not stored under it.
    if (results.some(({ outcome }) => outcome === "unavailable")) c.header("retry-after", "1");
    const count = (wanted: string) => results.filter(({ outcome }) => outcome === wanted).length;
    return c.json({ results, created: count("created"), updated: count("updated") }, 200);
  });
}
