import { z } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageQuery } from "../platform/http/language.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { courseOfItem, enrollmentId, itemIdSchema, userIdSchema } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { ok } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { readUnlocks, UNLOCK_READ_REFUSALS } from "./reads.ts";
import { callEnrollment } from "./stub.ts";

const submissionView = z
  .object({
    id: z.string(),
    item: z.string(),
    answer: z.string(),
    status: z.enum(["pending", "passed", "failed"]),
    score: z.number().nullable(),
    feedback: z.string().nullable(),
    submitted_at: z.string(),
    judged_at: z.string().nullable(),
  })
  .openapi("Submission");

const submissionsRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "Own submissions, also while the problem is locked again. Staff of the course: ?learner= for those of one learner.",
    refuses: UNLOCK_READ_REFUSALS,
  },
  {
    method: "get",
    path: "/problems/{problem}/submissions",
    operationId: "listSubmissions",
    tags: ["unlock reads"],
    summary: "Submissions of one learner for a problem, newest first, with verdicts and feedback",
    request: {
      params: z.object({ problem: itemIdSchema }),
      query: z.object({
        ...pageQuery,
        lang: languageQuery,
        learner: userIdSchema.optional().openapi({ description: "Staff: the submissions of this learner." }),
      }),
    },
    responses: {
      200: {
        description: "A page of submissions. It can have fewer than the limit if their texts are long.",
        content: { "application/json": { schema: pageSchema(submissionView) } },
      },
    },
  },
);

/** What learners see of their own work: all submissions for one problem, and what became of them. */
export function historyRoutes() {
  return newRouter().openapi(submissionsRoute, async (c) => {
    const { problem } = c.req.valid("param");
    const { learner, limit, cursor } = c.req.valid("query");
    const course = courseOfItem(problem);
    // Whether the caller may see this learner's state of the problem at all is decided where every read decides it.
    const seen = await readUnlocks(c, course, { kind: "item", item: problem }, { learner });
    if (!seen.ok) return respond(c, seen.refusal);
    const user = learner ?? actorOf(c).id;
    const scope = `submissions ${problem} ${user}`;
    const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
    if (!after.ok) return respond(c, after.refusal);
    const enrollment = enrollmentId(course, user);
    const found = await callEnrollment(c.env, enrollment, (stub) =>
      stub.submissionsOf({ item: problem, after: after.value, limit }),
    );
    if (!found.ok) {
      // Staff who look at a course need not be enrolled in it; they have no submissions then.
      if (found.refusal.code !== "not_enrolled") return respond(c, found.refusal);
      return c.json({ results: [], next_cursor: null }, 200);
    }
    const results = found.value.submissions.map(({ submitted_at, judged_at, ...rest }) => ({
      ...rest,
      submitted_at: toInstant(submitted_at),
      judged_at: judged_at === null ? null : toInstant(judged_at),
    }));
    const next = found.value.next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, found.value.next);
    return c.json({ results, next_cursor: next }, 200);
  });
}
