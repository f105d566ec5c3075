import { z } from "@hono/zod-openapi";
import { loadProgram } from "../courses/index.ts";
import { HISTORY_KINDS, learnerHistory, MAX_HISTORY } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../platform/http/pagination.ts";
import {
  courseOfItem,
  enrollmentId,
  enrollmentIdSchema,
  itemIdSchema,
  parseEnrollmentId,
  userIdSchema,
} from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { titleOf } from "../unlock/index.ts";
import { readUnlocks, UNLOCK_READ_REFUSALS } from "./reads.ts";
import { callEnrollment } from "./stub.ts";
import { submissionView, viewOf } from "./verdict-view.ts";

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

const entryView = z
  .object({
    at: z.string(),
    kind: z.enum(HISTORY_KINDS),
    items: z.array(z.object({ id: z.string(), title: z.string() })),
  })
  .openapi("HistoryEntry");
const historyRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "Own enrollment; staff of the course; observers of the learner, without what is hidden from the learner.",
    refuses: UNLOCK_READ_REFUSALS,
  },
  {
    method: "get",
    path: "/enrollments/{enrollment}/history",
    operationId: "readHistory",
    tags: ["unlock reads"],
    summary: `What one learner did and what it opened, the latest ${MAX_HISTORY}, as D1 mirrors them`,
    request: { params: z.object({ enrollment: enrollmentIdSchema }), query: z.object({ lang: languageQuery }) },
    responses: {
      200: {
        description: "The latest first.",
        content: { "application/json": { schema: pageSchema(entryView) } },
      },
    },
  },
);
const statesSchema = z.object({ states: z.record(z.string(), z.string()) });

/** What learners see of their own work: all submissions for one problem, and their results. */
export function historyRoutes() {
  return newRouter()
    .openapi(historyRoute, async (c) => {
      const { enrollment } = c.req.valid("param");
      const { course, user } = parseEnrollmentId(enrollment);
      const learner = user === actorOf(c).id ? undefined : user;
      // Callers who may see the learner's states may see their history; items hidden from the learner are in neither.
      const seen = await readUnlocks(c, course, { kind: "states" }, { learner });
      if (!seen.ok) return respond(c, seen.refusal);
      const { value } = seen;
      if (value.unchanged || value.content.kind !== "body") return respond(c, refuse("internal").refusal);
      const { states } = statesSchema.parse(JSON.parse(new TextDecoder().decode(value.content.body)));
      const program = await loadProgram(databaseOf(c), course, value.snapshot.course_version);
      if (program === null) return respond(c, refuse("course_unpublished").refusal);
      const language = languageOf(c);
      const results = (await learnerHistory(await databasesOf(c).ofCourse(course), enrollment)).flatMap((entry) => {
        const shown = entry.items.filter((id) => value.byStaff || Object.hasOwn(states, id));
        const items = shown.flatMap((id) => {
          const index = program.indexOf.get(id);
          return index === undefined ? [] : [{ id, title: titleOf(program, index, language) }];
        });
        return items.length === 0 ? [] : [{ at: toInstant(entry.at), kind: entry.kind, items }];
      });
      return c.json({ results, next_cursor: null }, 200);
    })
    .openapi(submissionsRoute, async (c) => {
      const { problem } = c.req.valid("param");
      const { learner, limit, cursor } = c.req.valid("query");
      const course = courseOfItem(problem);
      // Whether the caller may see this learner's state of the problem is decided in the same place as for every read.
      const seen = await readUnlocks(c, course, { kind: "item", item: problem }, { learner });
      if (!seen.ok) return respond(c, seen.refusal);
      const user = learner ?? actorOf(c).id;
      const scope = `submissions ${problem} ${user}`;
      const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const enrollment = enrollmentId(course, user);
      const found = await callEnrollment(c.env, enrollment, (stub) =>
        stub.submissionsOf({ item: problem, after: after.value, limit, byStaff: false }),
      );
      if (!found.ok) {
        // Staff who look at a course need not be enrolled in it; then they have no submissions.
        if (found.refusal.code !== "not_enrolled") return respond(c, found.refusal);
        return c.json({ results: [], next_cursor: null }, 200);
      }
      const results = found.value.submissions.map(viewOf);
      const next = found.value.next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, found.value.next);
      return c.json({ results, next_cursor: next }, 200);
    });
}
