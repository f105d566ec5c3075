import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../audit/index.ts";
import { forgetObserver } from "../courses/index.ts";
import { erasedAmong, foreignAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { courseSlugSchema, userIdSchema } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { courseFor, courseParam, json, MANAGE_RULE, READ_RULE, TAGS } from "./common.ts";
import { entryAbout } from "./members.ts";
import { observersOf, observing, removeObserver, setObserver } from "./statements.ts";

/** Learners whom one person may observe in one course. */
export const MAX_OBSERVED = 200;
const observerView = z
  .object({
    user_id: z.string(),
    learner_id: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    added_at: z.string(),
  })
  .openapi("CourseObserver");
const params = z.object({ course: courseSlugSchema, user: userIdSchema, learner: userIdSchema });
const done = {
  200: {
    description: "Done. `changed`: whether it was otherwise before.",
    content: json(z.object({ user_id: z.string(), learner_id: z.string(), changed: z.boolean() }).openapi("Observing")),
  },
};
const listRoute = defineRoute(
  { roles: PEOPLE, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/observers",
    operationId: "listObservers",
    tags: TAGS,
    summary: "Who observes which learner of a course",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of observers.", content: json(pageSchema(observerView)) } },
  },
);
const setRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", refuses: ["user_not_found", "people_limit"] },
  {
    method: "put",
    path: "/courses/{course}/observers/{user}/learners/{learner}",
    operationId: "setObserver",
    tags: TAGS,
    summary: "Let somebody see one learner's states, reasons and history in a course",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params },
    responses: done,
  },
);
const removeRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write" },
  {
    method: "delete",
    path: "/courses/{course}/observers/{user}/learners/{learner}",
    operationId: "removeObserver",
    tags: TAGS,
    summary: "End that somebody sees a learner; reads end within 60 seconds",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params },
    responses: done,
  },
);

interface ObserverRow {
  user_id: string;
  learner_id: string;
  added_at: number;
  name: string | null;
  email: string | null;
}

interface Observing {
  found: number;
  observed: number;
}
const NOBODY: Observing = { found: 0, observed: 0 };

/** Who sees which learner of a course. */
export function observerRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "read");
      if (!course.ok) return respond(c, course.refusal);
      const { slug } = course.value;
      const found = await paginate(
        acceptedSecrets(c.env),
        `observers ${slug}`,
        c.req.valid("query"),
        async (after, take) => {
          const [user = "", learner = ""] = after?.split(" ") ?? [];
          return (await observersOf(directory(c.env), slug, user, learner, take).all<ObserverRow>()).results;
        },
        ({ user_id, learner_id }) => `${user_id} ${learner_id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((row) => ({ ...row, added_at: toInstant(row.added_at) }));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(setRoute, async (c) => {
      const { course: slug, user, learner } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const db = directory(c.env);
      const answer = { user_id: user, learner_id: learner };
      const { found, observed } = (await observing(db, slug, user, learner).first<Observing>()) ?? NOBODY;
      if (found > 0) return c.json({ ...answer, changed: false }, 200);
      if (observed >= MAX_OBSERVED) {
        const detail = `One person observes at most ${MAX_OBSERVED} learners of a course.`;
        return respond(c, refuse("people_limit", { detail }).refusal);
      }
      const gone = await erasedAmong(db, [user, learner]);
      const foreign = await foreignAmong(c.env, actorOf(c), course.value, [user, learner]);
      if (gone.size + foreign.size > 0) return respond(c, refuse("user_not_found").refusal);
      await db.batch([
        setObserver(db, slug, user, learner, Date.now(), MAX_OBSERVED),
        entryAbout(c, "course.observer_set", slug, user),
      ]);
      nudgeAudit(c);
      forgetObserver(slug, user, learner);
      return c.json({ ...answer, changed: true }, 200);
    })
    .openapi(removeRoute, async (c) => {
      const { course: slug, user, learner } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const db = directory(c.env);
      const answer = { user_id: user, learner_id: learner };
      const { found } = (await observing(db, slug, user, learner).first<Observing>()) ?? NOBODY;
      if (found === 0) return c.json({ ...answer, changed: false }, 200);
      await db.batch([removeObserver(db, slug, user, learner), entryAbout(c, "course.observer_removed", slug, user)]);
      nudgeAudit(c);
      forgetObserver(slug, user, learner);
      return c.json({ ...answer, changed: true }, 200);
    });
}
