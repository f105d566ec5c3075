import { z } from "@hono/zod-openapi";
import { and, asc, eq, getTableColumns, gt, isNotNull, or, sql } from "drizzle-orm";
import { nudgeAudit } from "../audit/index.ts";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import { respond } from "../platform/http/answers.ts";
import { type Actor, type AppContext, actorOf, databaseOf, keyOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { inLanguage, localizedTextSchema } from "../platform/text.ts";
import { isStaff, MEMBER_ROLES, type MemberRole, roleIn } from "./access.ts";
import { type CourseEntry, fetchCourse } from "./catalog.ts";
import { createCourse } from "./create.ts";
import { newCourseSlugSchema } from "./new-slug.ts";
import { AUTHORS, courseParam, json, TAGS } from "./routes-common.ts";
import { courses } from "./tables.ts";

const localized = z.union([z.string(), z.object({ en: z.string().optional(), zh: z.string().optional() })]);

const courseView = z
  .object({
    slug: z.string(),
    title: z.string(),
    owner_id: z.string(),
    organization_id: z.string().nullable().openapi({ description: "Null: the common space of the installation." }),
    active_version: z.int().nullable(),
    activation: z.int(),
    created_at: z.string(),
    updated_at: z.string(),
    role: z
      .enum(["owner", ...MEMBER_ROLES])
      .nullable()
      .openapi({ description: "What the caller is in it." }),
  })
  .openapi("Course");

const listRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    keyCourses: "handler",
    rule: "Everybody sees published courses and courses in which they have rights; of organisations only those of their own, and those they are in. Admins see all.",
  },
  {
    method: "get",
    path: "/courses",
    operationId: "listCourses",
    tags: TAGS,
    summary: "List courses",
    request: { query: z.object({ ...pageQuery, lang: languageQuery }) },
    responses: { 200: { description: "A page of courses.", content: json(pageSchema(courseView)) } },
  },
);

const createCourseRoute = defineRoute(
  { roles: AUTHORS, rule: "The creator owns the course.", rate: "write", refuses: ["course_exists"] },
  {
    method: "post",
    path: "/courses",
    operationId: "createCourse",
    tags: TAGS,
    summary: "Create a course without a version yet",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: json(
          z.strictObject({ slug: newCourseSlugSchema, title: localizedTextSchema(200) }).openapi("NewCourse"),
        ),
      },
    },
    responses: { 201: { description: "Created.", content: json(courseView) } },
  },
);

const readCourseRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "Only people with rights in it and admins see an unpublished course; people of an organisation, and who is in it, see its courses.",
  },
  {
    method: "get",
    path: "/courses/{course}",
    operationId: "getCourse",
    tags: TAGS,
    summary: "Read a course",
    request: { params: courseParam, query: z.object({ lang: languageQuery }) },
    responses: { 200: { description: "The course.", content: json(courseView) } },
  },
);

export function courseRowRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const actor = actorOf(c);
      const published = isNotNull(courses.active_version);
      const key = keyOf(c);
      const only = key === null || key.courses === null ? null : jsonSet(oneBatch(key.courses));
      const isMember = sql`EXISTS (SELECT 1 FROM course_members WHERE course_slug = ${courses.slug} AND user_id = ${actor.id})`;
      const isOwner = actor.role === "author" ? eq(courses.owner_id, actor.id) : undefined;
      const mine = actor.role === "service" ? published : or(and(published, isShownTo(actor.id)), isOwner, isMember);
      const found = await paginate(
        acceptedSecrets(c.env),
        `courses ${actor.id} ${actor.role}`,
        c.req.valid("query"),
        (after, take) =>
          databaseOf(c)
            .select({ ...getTableColumns(courses), member: memberRole(actor.id) })
            .from(courses)
            .where(
              and(
                gt(courses.slug, after ?? ""),
                actor.role === "admin" ? undefined : mine,
                only === null ? undefined : sql`${courses.slug} IN (SELECT value FROM ${only})`,
              ),
            )
            .orderBy(asc(courses.slug))
            .limit(take)
            .all(),
        (row) => row.slug,
      );
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ results: found.value.page.map((row) => viewOf(c, row)), next_cursor: found.value.next }, 200);
    })
    .openapi(createCourseRoute, async (c) => {
      const { slug, title } = c.req.valid("json");
      const by = { actor: actorOf(c), request_id: c.get("requestId") };
      const inserted = await createCourse(databaseOf(c), { slug, title }, by, Date.now());
      if (inserted === null) return respond(c, refuse("course_exists").refusal);
      nudgeAudit(c);
      await fetchCourse(databaseOf(c), slug);
      return c.json(viewOf(c, inserted), 201);
    })
    .openapi(readCourseRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const actor = actorOf(c);
      const row = await databaseOf(c)
        .select({ ...getTableColumns(courses), member: memberRole(actor.id), shown: isShownTo(actor.id) })
        .from(courses)
        .where(eq(courses.slug, slug))
        .get();
      const isVisible =
        row !== undefined && ((row.active_version !== null && row.shown === 1) || isStaff(actor, entryOf(actor, row)));
      if (row === undefined || !isVisible) return respond(c, refuse("course_not_found").refusal);
      return c.json(viewOf(c, row), 200);
    });
}

type Row = typeof courses.$inferSelect & { member?: MemberRole | null };

/** What the caller is in a course beside its owner. */
function memberRole(user: string) {
  return sql<MemberRole | null>`(SELECT role FROM course_members WHERE course_slug = ${courses.slug} AND user_id = ${user})`;
}

/**
 * Whether a published course is shown to somebody who is no staff of it: it belongs to no organisation or to theirs, they are
 * or were in it, or they observe somebody in it.
 */
function isShownTo(user: string) {
  return sql<number>`(${courses.organization_id} IS NULL
    OR ${courses.organization_id} = (SELECT organization_id FROM users WHERE id = ${user})
    OR EXISTS (SELECT 1 FROM user_courses WHERE user_id = ${user} AND course_slug = ${courses.slug})
    OR EXISTS (SELECT 1 FROM course_observers WHERE course_slug = ${courses.slug} AND user_id = ${user}))`;
}

/** The course as far as the caller's rights in it go. */
function entryOf(actor: Actor, { slug, owner_id, organization_id, member = null }: Row): CourseEntry {
  const members = new Map(member === null ? [] : [[actor.id, member]]);
  return { slug, owner_id, members, organization: organization_id, pointer: null };
}

function viewOf(c: AppContext, row: Row) {
  const title = localized.parse(JSON.parse(row.title));
  const texts = typeof title === "string" ? { en: title } : { en: title.en ?? title.zh ?? "", zh: title.zh };
  return {
    slug: row.slug,
    title: inLanguage(texts, languageOf(c)),
    owner_id: row.owner_id,
    organization_id: row.organization_id,
    active_version: row.active_version,
    activation: row.activation,
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
    role: roleIn(actorOf(c), entryOf(actorOf(c), row)),
  };
}
