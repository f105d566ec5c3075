import { z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import { submissions } from "../mirror/index.ts";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { notAtHome } from "../platform/database/moves.ts";
import { answersOf, directory, onEveryShard } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, keyOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { OTHER_COURSES } from "../platform/http/policy.ts";
import { courseOfItem, courseSlugSchema, itemIdSchema, parseEnrollmentId } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { reachesCourse } from "../platform/scopes.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { GRADER_RULE, judgedCourses, mayJudge } from "./grading-rights.ts";
import { learnersOf, type PendingFilter, pendingPage } from "./pending-list.ts";
import { COUNT_PENDING, NAMES_OF, type PendingRow } from "./statements.ts";
import { answerView, submittedFileView } from "./verdict-view.ts";

/** Pending submissions are counted up to this limit, in each database. */
const MAX_COUNTED = 10_000;

const pendingRoute = defineRoute(
  { roles: ROLES, scope: "verdicts", keyCourses: "handler", rule: GRADER_RULE },
  {
    method: "get",
    path: "/submissions/pending",
    operationId: "listPendingSubmissions",
    tags: ["unlock writes"],
    summary: "Submissions that wait for a verdict, oldest first, from the mirror in D1",
    request: {
      query: z.object({
        ...pageQuery,
        course: courseSlugSchema.optional().openapi({ description: "Only submissions in this course." }),
        item: itemIdSchema.optional().openapi({ description: "Only submissions for this problem." }),
        cohort: cohortNameSchema.optional().openapi({
          description:
            "Only submissions of learners in this cohort; needs `course` or `item`. A page can then be short or empty.",
        }),
      }),
    },
    responses: {
      200: {
        description: "A page of pending submissions.",
        content: {
          "application/json": {
            schema: pageSchema(
              z
                .object({
                  id: z.string(),
                  enrollment_id: z.string(),
                  course_id: z.string(),
                  learner: z.string(),
                  learner_name: z.string().nullable(),
                  item: z.string(),
                  answer: z.string(),
                  files: z.array(submittedFileView),
                  submitted_at: z.string(),
                })
                .openapi("PendingSubmission"),
            ),
          },
        },
      },
    },
  },
);

const countsRoute = defineRoute(
  { roles: ROLES, scope: "verdicts", keyCourses: "handler", rule: GRADER_RULE },
  {
    method: "get",
    path: "/submissions/pending/counts",
    operationId: "countPendingSubmissions",
    tags: ["unlock writes"],
    summary: "How many submissions wait for a verdict, by course and problem",
    request: {
      query: z.object({ course: courseSlugSchema.optional().openapi({ description: "Only of this course." }) }),
    },
    responses: {
      200: {
        description: "What waits in the caller's courses; admins and services name one.",
        content: {
          "application/json": {
            schema: z
              .object({
                results: z.array(
                  z.object({ course_id: z.string(), item: z.string(), pending: z.int(), oldest: z.string() }),
                ),
                pending: z.int(),
                is_complete: z.boolean().openapi({ description: "False: more wait than were counted." }),
              })
              .openapi("PendingCounts"),
          },
        },
      },
    },
  },
);

/** Ids of enrollments begin with their course. */
const course = sql`substr(${submissions.enrollment_id}, 1, instr(${submissions.enrollment_id}, ':') - 1)`;

/** The list for graders: submissions without an answer key. */
export function submissionRoutes() {
  return newRouter()
    .openapi(pendingRoute, async (c) => {
      const query = c.req.valid("query");
      const filter = await filterOf(c, query);
      if (!filter.ok) return respond(c, filter.refusal);
      const found = filter.value === null ? await everywhere(c, query) : await within(c, filter.value, query);
      if (!found.ok) return respond(c, found.refusal);
      const { page, next } = found.value;
      const names = await namesOf(c, page);
      const results = page.map(({ id, enrollment_id, item_id: item, answer, submitted_at }) => {
        const { course, user } = parseEnrollmentId(enrollment_id);
        const learner = { learner: user, learner_name: names.get(user) ?? null };
        return {
          id,
          enrollment_id,
          course_id: course,
          ...learner,
          item,
          ...answerView(answer),
          submitted_at: toInstant(submitted_at),
        };
      });
      return c.json({ results, next_cursor: next }, 200);
    })
    .openapi(countsRoute, async (c) => {
      const filter = await filterOf(c, c.req.valid("query"));
      if (!filter.ok) return respond(c, filter.refusal);
      if (filter.value === null) {
        const message = "Admins and services judge everywhere: name a course.";
        return respond(
          c,
          refuse("invalid_input", { errors: [{ path: "query.course", rule: "required", message }] }).refusal,
        );
      }
      const counted = await countsOf(c.env, filter.value.courses);
      const pending = counted.reduce((sum, row) => sum + row.pending, 0);
      const results = counted.map(({ item_id: item, pending: count, oldest }) => ({
        course_id: courseOfItem(item),
        item,
        pending: count,
        oldest: toInstant(oldest),
      }));
      return c.json({ results, pending, is_complete: pending < MAX_COUNTED }, 200);
    });
}

type Query = { course?: string | undefined; item?: string | undefined; cohort?: string | undefined };

/** The part of a request that the caller may list; null: everything. */
async function filterOf(c: AppContext, { course, item, cohort }: Query): Promise<Result<PendingFilter | null>> {
  const named = item === undefined ? course : courseOfItem(item);
  if (named !== undefined) {
    if (course !== undefined && named !== course) {
      const message = "The problem belongs to another course.";
      return refuse("invalid_input", { errors: [{ path: "query.item", rule: "other_course", message }] });
    }
    if (!reachesCourse(keyOf(c), named)) return OTHER_COURSES;
    const allowed = await mayJudge(c, named);
    return allowed.ok ? ok({ courses: [named], item, cohort }) : allowed;
  }
  if (cohort !== undefined) {
    const message = "A cohort belongs to a course: name it.";
    return refuse("invalid_input", { errors: [{ path: "query.course", rule: "required", message }] });
  }
  const courses = keyOf(c)?.courses ?? (await judgedCourses(c));
  return ok(courses === null ? null : { courses });
}

async function within(
  c: AppContext,
  filter: PendingFilter,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<Result<{ page: PendingRow[]; next: string | null }>> {
  const scope = `pending submissions ${actorOf(c).id} ${JSON.stringify([filter.item, filter.cohort])}`;
  const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
  if (!after.ok) return after;
  const { rows, next } = await pendingPage(c.env, filter, after.value, limit);
  return ok({ page: rows, next: next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, next) });
}

/** For callers who judge in all courses. */
function everywhere(c: AppContext, query: { limit: number; cursor?: string | undefined }) {
  return paginate(
    acceptedSecrets(c.env),
    "pending submissions",
    query,
    async (after, take) => {
      const [instant = "0", id = ""] = after?.split(" ") ?? [];
      const absent = await notAtHome(c.env);
      const pages = await onEveryShard(c.env, ({ name, db }) =>
        countedDatabase(db, c.get("queries"))
          .select()
          .from(submissions)
          .where(
            and(
              // Written out, so that the partial index of pending submissions is used.
              eq(submissions.status, sql`'pending'`),
              sql`(${submissions.submitted_at}, ${submissions.id}) > (${Number(instant)}, ${id})`,
              sql`${course} NOT IN (SELECT value FROM ${jsonSet(absent(name))})`,
            ),
          )
          .orderBy(asc(submissions.submitted_at), asc(submissions.id))
          .limit(take)
          .all(),
      );
      // Submissions of a shard that does not answer come when it is back, because a grader starts each walk with the
      // oldest.
      return answersOf(pages)
        .flat()
        .sort((a, b) => a.submitted_at - b.submitted_at || (a.id < b.id ? -1 : 1))
        .slice(0, take);
    },
    (row) => `${row.submitted_at} ${row.id}`,
  );
}

/** The names of the learners in a page; the page is useful without them, too. */
async function namesOf(c: AppContext, page: readonly PendingRow[]): Promise<ReadonlyMap<string, string>> {
  try {
    const found = await NAMES_OF.find<{ id: string; name: string }>(directory(c.env), learnersOf(page));
    return new Map(found.map(({ id, name }) => [id, name]));
  } catch (fault) {
    logFault("names_unknown", fault);
    return new Map();
  }
}

async function countsOf(env: Env, courses: readonly string[]) {
  const absent = await notAtHome(env);
  const counts = await onEveryShard(env, async ({ name, db }) => {
    const away = new Set(absent(name).rows);
    const here = courses.filter((slug) => !away.has(slug));
    if (here.length === 0) return [];
    const { results } = await COUNT_PENDING.bind(db, oneBatch(here), MAX_COUNTED).all<{
      item_id: string;
      pending: number;
      oldest: number;
    }>();
    return results;
  });
  return answersOf(counts).flat();
}
