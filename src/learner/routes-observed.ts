import { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { PEOPLE } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { json, TAGS, titleIn } from "./common.ts";
import { observedBy } from "./statements.ts";

const observedView = z
  .object({
    course: z.string(),
    title: z.string().openapi({ description: "Of the course." }),
    learner_id: z.string(),
    name: z.string().nullable().openapi({ description: "Null for who has no account here." }),
  })
  .openapi("ObservedLearner");
const observedRoute = defineRoute(
  { roles: PEOPLE, rule: "Learners whom the caller observes." },
  {
    method: "get",
    path: "/observed",
    operationId: "listObserved",
    tags: TAGS,
    summary: "The learners you observe, course by course; `?learner=` of the unlock reads shows how they stand",
    request: { query: z.object({ ...pageQuery, lang: languageQuery }) },
    responses: { 200: { description: "A page of learners.", content: json(pageSchema(observedView)) } },
  },
);

interface ObservedRow {
  course_slug: string;
  learner_id: string;
  title: string;
  name: string | null;
}

/** The learners that somebody observes, such as a parent or a mentor. */
export function observedRoutes() {
  return newRouter().openapi(observedRoute, async (c) => {
    const { id } = actorOf(c);
    const language = languageOf(c);
    const found = await paginate(
      acceptedSecrets(c.env),
      `observed ${id}`,
      c.req.valid("query"),
      async (after, take) => {
        const [course = "", learner = ""] = after?.split(" ") ?? [];
        return (await observedBy(directory(c.env), id, course, learner, take).all<ObservedRow>()).results;
      },
      ({ course_slug, learner_id }) => `${course_slug} ${learner_id}`,
    );
    if (!found.ok) return respond(c, found.refusal);
    const results = found.value.page.map(({ course_slug, title, ...row }) => ({
      ...row,
      course: course_slug,
      title: titleIn(title, language),
    }));
    return c.json({ results, next_cursor: found.value.next }, 200);
  });
}
