// The public API of the presence room: how many learners are in a course right now.

import { z } from "@hono/zod-openapi";
import { findCourse } from "../courses/index.ts";
import { isConcealed } from "../enrollment/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { courseSlugSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { presenceOf } from "./adapter.ts";

const TAGS = ["presence"];
const request = { params: z.object({ course: courseSlugSchema }) };
const responses = {
  200: {
    description: "Learners seen within the last minute; null when presence does not answer.",
    content: {
      "application/json": { schema: z.object({ course: z.string(), present: z.int().nullable() }).openapi("Presence") },
    },
  },
};
const joinRoute = defineRoute(
  { roles: ROLES, scope: null, rate: "write" },
  {
    method: "post",
    path: "/courses/{course}/presence",
    operationId: "announcePresence",
    tags: TAGS,
    summary: "Report that the caller is in the course now",
    request,
    responses,
  },
);
const countRoute = defineRoute(
  { roles: ROLES, scope: null },
  {
    method: "get",
    path: "/courses/{course}/presence",
    operationId: "getPresence",
    tags: TAGS,
    summary: "How many learners are here now",
    request,
    responses,
  },
);

export function presenceRoutes() {
  return newRouter()
    .openapi(joinRoute, async (c) => {
      const { course } = c.req.valid("param");
      if (!(await isThere(c, course))) return respond(c, refuse("course_not_found").refusal);
      return c.json({ course, present: await presenceOf(c.env).join(course, actorOf(c).id) }, 200);
    })
    .openapi(countRoute, async (c) => {
      const { course } = c.req.valid("param");
      if (!(await isThere(c, course))) return respond(c, refuse("course_not_found").refusal);
      return c.json({ course, present: await presenceOf(c.env).count(course) }, 200);
    });
}

async function isThere(c: AppContext, slug: string): Promise<boolean> {
  const course = await findCourse(() => databaseOf(c), slug);
  return course?.pointer != null && !(await isConcealed(c, course));
}
