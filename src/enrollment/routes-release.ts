import { z } from "@hono/zod-openapi";
import { projectEnrollments } from "../mirror/index.ts";
import { countStatements } from "../platform/database/counted.ts";
import { forCourse } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { courseOfItem, courseSlugSchema, enrollmentId, itemIdSchema, userIdSchema } from "../platform/ids.ts";
import { inParallel } from "../platform/parallel.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { GRADER_RULE, mayJudge } from "./grading-rights.ts";
import { WITH_HELD } from "./statements.ts";
import { callEnrollment } from "./stub.ts";
import { pointerForWrite } from "./write-parts.ts";

/** Learners of one call: each takes up to three calls, of the thousand that a request may make. */
const MAX_LEARNERS = 200;
const MAX_ITEMS = 100;
const PARALLEL_OBJECTS = 24;

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const releaseRoute = defineRoute(
  { roles: ROLES, scope: "verdicts", rule: GRADER_RULE, rate: "write", refuses: ["course_not_found"] },
  {
    method: "post",
    path: "/courses/{course}/releases",
    operationId: "releaseScores",
    tags: ["unlock writes"],
    summary: "Let held scores count and show: of some items or all, for some learners, a cohort or the whole course",
    description:
      "What is held of a learner counts in one commit, from that moment on. At most 200 learners a call: where `remaining` is true there are more, and the same call goes on with them. Released once, a score is not released again, so a repeat is harmless. Without `user_ids`, learners are those of whom D1 knows that something is held, which is up to a minute behind.",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: z.object({ course: courseSlugSchema }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              items: z.array(itemIdSchema).min(1).max(MAX_ITEMS).nullable().default(null),
              user_ids: z.array(userIdSchema).min(1).max(MAX_LEARNERS).nullable().default(null),
              cohort: cohortNameSchema.nullable().default(null),
            })
            .refine(({ user_ids, cohort }) => user_ids === null || cohort === null, {
              path: ["cohort"],
              message: "either user_ids or a cohort",
              params: { rule: "only_one" },
            })
            .openapi("Release"),
        ),
      },
    },
    responses: {
      200: {
        description: "What was released.",
        content: json(
          z
            .object({
              learners: z.int().openapi({ description: "Learners of whom something was released." }),
              released: z.int().openapi({ description: "Scores that count from now on." }),
              unavailable: z
                .array(z.string())
                .openapi({ description: "Learners who could not be reached: ask again." }),
              remaining: z.boolean().openapi({ description: "There are more learners: call again." }),
            })
            .openapi("ReleaseResult"),
        ),
      },
    },
  },
);

/** Held scores are released together. */
export function releaseRoutes() {
  return newRouter().openapi(releaseRoute, async (c) => {
    const { course } = c.req.valid("param");
    const allowed = await mayJudge(c, course);
    if (!allowed.ok) return respond(c, allowed.refusal);
    const { items, user_ids, cohort } = c.req.valid("json");
    const elsewhere = items?.findIndex((item) => courseOfItem(item) !== course) ?? -1;
    if (elsewhere >= 0) {
      const message = "this is an item of another course";
      return respond(
        c,
        refuse("invalid_input", { errors: [{ path: `items[${elsewhere}]`, rule: "other_course", message }] }).refusal,
      );
    }
    let users = user_ids === null ? null : [...new Set(user_ids)];
    let remaining = false;
    if (users === null) {
      const db = countStatements(await forCourse(c.env, course), c.get("queries"));
      const isAny = items === null ? 1 : 0;
      const rows = [items ?? [""], course, cohort, isAny, MAX_LEARNERS + 1] as const;
      const results = await WITH_HELD.find<{ user_id: string }>(db, ...rows);
      users = results.slice(0, MAX_LEARNERS).map(({ user_id }) => user_id);
      remaining = results.length > MAX_LEARNERS;
    }
    const actor = { ...actorOf(c), request_id: c.get("requestId") };
    const pointer = pointerForWrite(c, course);
    const done = { learners: 0, released: 0, unavailable: [] as string[] };
    const touched: string[] = [];
    await inParallel(users, PARALLEL_OBJECTS, async (user) => {
      const id = enrollmentId(course, user);
      const answer = await callEnrollment(c.env, id, (stub) =>
        stub.release({ items, actor, pointer, idempotency: null }),
      );
      if (!answer.ok) {
        if (answer.refusal.code === "unavailable") done.unavailable.push(user);
        return;
      }
      touched.push(id);
      done.released += answer.value.released.length;
      if (answer.value.released.length > 0) done.learners += 1;
    });
    // The next call asks D1 which learners are left.
    await projectEnrollments(c.env, touched);
    if (done.unavailable.length > 0) c.header("retry-after", "1");
    return c.json({ ...done, unavailable: done.unavailable.sort(), remaining }, 200);
  });
}
