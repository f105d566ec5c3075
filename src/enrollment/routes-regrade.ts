import { z } from "@hono/zod-openapi";
import { fetchCourse } from "../courses/index.ts";
import { projectEnrollments } from "../mirror/index.ts";
import { forCourse } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { decodeCursor, encodeCursor } from "../platform/http/pagination.ts";
import { courseOfItem, courseSlugSchema, enrollmentId, itemIdSchema } from "../platform/ids.ts";
import { inParallel } from "../platform/parallel.ts";
import { ok, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { GRADER_RULE, mayJudge } from "./grading-rights.ts";
import type { Regraded } from "./requests.ts";
import { learnersTried } from "./statements.ts";
import { callEnrollment } from "./stub.ts";

/** Learners in one call, and how many of them are judged at the same time. */
const MAX_LEARNERS = 100;
const PARALLEL = 6;

const judged = z.object({ status: z.enum(["pending", "passed", "failed"]), score: z.number().nullable() });

const regradeRoute = defineRoute(
  {
    roles: ROLES,
    scope: "verdicts",
    rule: GRADER_RULE,
    rate: "write",
    refuses: ["no_effect", "invalid_cursor", "course_unpublished"],
  },
  {
    method: "post",
    path: "/courses/{course}/items/{item}/regrade",
    operationId: "regradeItem",
    tags: ["unlock writes"],
    summary: "Judge again what an answer key has judged, by the key that is published now; or say what would change",
    description:
      "Goes over the learners of the course, some in each call: the next one goes on with `next_cursor`, also after a pause of any length. What a person has judged stays. A learner who is judged again by the same key is not changed, so that a call may be repeated.",
    request: {
      params: z.object({ course: courseSlugSchema, item: itemIdSchema }),
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z
              .strictObject({
                dry_run: z.boolean().default(true).openapi({ description: "Nothing is changed. The default." }),
                relock: z.boolean().default(false).openapi({
                  description: "What rested on a verdict that changes locks again, where the rules do not open it now.",
                }),
                limit: z.int().min(1).max(MAX_LEARNERS).default(MAX_LEARNERS),
                cursor: z.string().min(1).max(500).nullable().default(null),
              })
              .openapi("Regrade"),
          },
        },
      },
    },
    responses: {
      200: {
        description: "The learners of this call for whom something changes.",
        content: {
          "application/json": {
            schema: z
              .object({
                version: z.int().openapi({ description: "The version whose key judges." }),
                looked_at: z.int().openapi({ description: "Learners of this call." }),
                results: z.array(
                  z
                    .object({
                      enrollment_id: z.string(),
                      learner: z.string(),
                      changed: z.int(),
                      changes: z.array(z.object({ submission_id: z.string(), before: judged, after: judged })),
                      unlocked: z.array(z.string()),
                      locked: z.array(z.string()),
                    })
                    .openapi("RegradedLearner"),
                ),
                unavailable: z.array(z.string()).openapi({
                  description: "Learners whose object did not answer: ask again for them with the same cursor.",
                }),
                next_cursor: z.string().nullable(),
              })
              .openapi("RegradeAnswer"),
          },
        },
      },
    },
  },
);

/** Judges all submissions of one problem again, after its key was changed. */
export function regradeRoutes() {
  return newRouter().openapi(regradeRoute, async (c) => {
    const { course, item } = c.req.valid("param");
    const { dry_run, relock, limit, cursor } = c.req.valid("json");
    const allowed = await mayJudge(c, course);
    if (!allowed.ok) return respond(c, allowed.refusal);
    if (courseOfItem(item) !== course) return respond(c, refuse("item_not_found").refusal);
    const entry = await fetchCourse(databaseOf(c), course);
    if (entry === null) return respond(c, refuse("course_not_found").refusal);
    const { pointer } = entry;
    if (pointer === null) return respond(c, refuse("course_unpublished").refusal);
    const scope = `regrade ${item}`;
    const after = cursor === null ? ok("") : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
    if (!after.ok) return respond(c, after.refusal);
    const page = await learnersTried(await forCourse(c.env, course), item, course, after.value, limit).all<{
      user_id: string;
      tried: number;
    }>();
    const actor = { ...actorOf(c), request_id: c.get("requestId") };
    const tried = page.results.flatMap(({ user_id, tried: hasTried }) => (hasTried === 1 ? [user_id] : []));
    const found = new Map<string, Regraded>();
    const unavailable: string[] = [];
    const refused: ReturnType<typeof refuse>["refusal"][] = [];
    await inParallel(tried, PARALLEL, async (user) => {
      const id = enrollmentId(course, user);
      const request = { item, relock, dry_run, actor, pointer };
      const result = await callEnrollment(c.env, id, (stub) => stub.regrade(request));
      if (result.ok) found.set(user, result.value);
      else if (result.refusal.code === "no_effect") refused.push(result.refusal);
      else if (result.refusal.code !== "not_enrolled") unavailable.push(user);
    });
    const [refusal] = refused;
    if (refusal !== undefined) return respond(c, refusal);
    const results = tried.flatMap((user) => {
      const one = found.get(user);
      if (one === undefined || one.changed === 0) return [];
      const { enrollment_id, changed, changes, unlocked, locked } = one;
      return [{ enrollment_id, learner: user, changed, changes, unlocked, locked }];
    });
    if (!dry_run && results.length > 0) {
      await projectEnrollments(
        c.env,
        results.map(({ enrollment_id }) => enrollment_id),
      );
    }
    const last = page.results.at(-1);
    const hasMore = last !== undefined && page.results.length === limit;
    const next = hasMore ? await encodeCursor(c.env.AUTH_SECRET, scope, last.user_id) : null;
    return c.json(
      { version: pointer.version, looked_at: page.results.length, results, unavailable, next_cursor: next },
      200,
    );
  });
}
