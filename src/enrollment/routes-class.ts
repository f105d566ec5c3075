import { z } from "@hono/zod-openapi";
import { loadProgram } from "../courses/index.ts";
import {
  CLASS_SORTS,
  CLASS_STATES,
  type ClassCourse,
  classExport,
  classItem,
  classItems,
  classView,
} from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { attachment } from "../platform/http/attachment.ts";
import { type AppContext, databaseOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { courseSlugSchema, itemIdSchema } from "../platform/ids.ts";
import { toInstantOrNull } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { STAFF, STAFF_RULE, staffCourse } from "./staff.ts";

const TAGS = ["enrollment"];
/** The limits of learners and of items in one page. */
const MAX_LEARNERS = 50;
const MAX_ITEMS = 50;
/** The limit of learners that are counted at once: each is evaluated. */
const MAX_COUNTED = 200;

const courseParam = z.object({ course: courseSlugSchema });
const filterQuery = {
  cohort: cohortNameSchema.optional().openapi({ description: "Only learners of this cohort." }),
  chapter: itemIdSchema.optional().openapi({ description: "Only this chapter and its problems." }),
  state: z
    .enum(CLASS_STATES)
    .optional()
    .openapi({ description: "Only learners for whom one of the items of this page is in this state." }),
  sort: z.enum(CLASS_SORTS).default("name").openapi({
    description:
      "`name`: by the first letters; upper and lower case do not matter. `last_active`: the most recently active first, to the hour.",
  }),
  item_limit: z.coerce.number().int().min(1).max(MAX_ITEMS).default(MAX_ITEMS),
  item_cursor: pageQuery.cursor.openapi({
    description: "`next_item_cursor` of a page: the items after those of that page.",
  }),
  lang: languageQuery,
};
const itemSchema = z
  .object({ id: z.string(), title: z.string(), kind: z.string(), chapter_id: z.string().nullable() })
  .openapi("ClassItem");
const rowSchema = z
  .object({
    user_id: z.string(),
    enrollment_id: z.string(),
    name: z.string().nullable(),
    last_active_at: z.string().nullable(),
    completed_count: z.int(),
    states: z.array(z.enum(CLASS_STATES)).openapi({
      description: "In the order of `items`. `hidden`: the learner does not see it now.",
    }),
    scores: z.array(z.number().nullable()).openapi({ description: "Best scores in percent, in the order of `items`." }),
  })
  .openapi("ClassRow");
const refuses = ["course_unpublished", "item_not_found"] as const;
const classRoute = defineRoute(
  { roles: STAFF, scope: "read", rule: STAFF_RULE, refuses },
  {
    method: "get",
    path: "/courses/{course}/class",
    operationId: "readClass",
    tags: TAGS,
    summary: "The class as a table of learners and items with states and scores: facts from D1, states computed now",
    request: {
      params: courseParam,
      query: z.object({
        ...pageQuery,
        limit: z.coerce.number().int().min(1).max(MAX_LEARNERS).default(MAX_LEARNERS),
        ...filterQuery,
      }),
    },
    responses: {
      200: {
        description: "A page of learners. It can have fewer than the limit, even none, although there is a next page.",
        content: {
          "application/json": {
            schema: pageSchema(rowSchema)
              .extend({
                items: z.array(itemSchema),
                next_item_cursor: z.string().nullable(),
                course_version: z.int(),
              })
              .openapi("ClassPage"),
          },
        },
      },
    },
  },
);
const countsRoute = defineRoute(
  { roles: STAFF, scope: "read", rule: STAFF_RULE, refuses },
  {
    method: "get",
    path: "/courses/{course}/class/counts",
    operationId: "countClass",
    tags: TAGS,
    summary: "Where a class is: for each item, how many of these learners are in which state, decided now",
    description: "Counts of a page of learners: the counts of the pages, added, are those of the class.",
    request: {
      params: courseParam,
      query: z.object({
        cursor: pageQuery.cursor,
        limit: z.coerce.number().int().min(1).max(MAX_COUNTED).default(MAX_COUNTED),
        cohort: filterQuery.cohort,
      }),
    },
    responses: {
      200: {
        description: "Every item of the course.",
        content: {
          "application/json": {
            schema: pageSchema(
              z
                .object({
                  item_id: z.string(),
                  hidden: z.int(),
                  locked: z.int(),
                  unlocked: z.int(),
                  started: z.int(),
                  completed: z.int(),
                })
                .openapi("ItemCounts"),
            )
              .extend({ learners: z.int(), course_version: z.int() })
              .openapi("ClassCounts"),
          },
        },
      },
    },
  },
);
const exportRoute = defineRoute(
  { roles: STAFF, scope: "read", rule: STAFF_RULE, refuses },
  {
    method: "get",
    path: "/courses/{course}/class/export",
    operationId: "exportClass",
    tags: TAGS,
    summary: "The table of all learners as a streamed CSV file: two columns for each item of the page of items",
    request: { params: courseParam, query: z.object(filterQuery) },
    responses: { 200: { description: "CSV.", content: { "text/csv": { schema: z.string() } } } },
  },
);

/** The class of a course, for its staff. */
export function classRoutes() {
  return newRouter()
    .openapi(classRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const query = c.req.valid("query");
      const asked = await askedOf(c, slug, query);
      if (!asked.ok) return respond(c, asked.refusal);
      const { course, items, nextItem } = asked.value;
      const { sort, cohort = null, state = null, limit, cursor } = query;
      const scope = `class ${slug} ${sort} ${cohort ?? ""}`;
      const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const wanted = { sort, cohort, state, limit, after: after.value, items };
      const { rows, next } = await classView(databasesOf(c), course, wanted, Date.now());
      const language = languageOf(c);
      return c.json(
        {
          items: items.map((item) => classItem(course, item, language)),
          next_item_cursor: nextItem,
          results: rows.map((row) => ({ ...row, last_active_at: toInstantOrNull(row.last_active_at) })),
          next_cursor: next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, next),
          course_version: course.pointer.version,
        },
        200,
      );
    })
    .openapi(countsRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const { cohort = null, cursor, limit } = c.req.valid("query");
      const asked = await askedOf(c, slug, { item_limit: Number.MAX_SAFE_INTEGER });
      if (!asked.ok) return respond(c, asked.refusal);
      const { course, items } = asked.value;
      const scope = `class counts ${slug} ${cohort ?? ""}`;
      const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const wanted = { sort: "last_active" as const, cohort, state: null, limit, after: after.value, items };
      const { rows, next } = await classView(databasesOf(c), course, wanted, Date.now());
      const results = items.map((item, at) => {
        const counts = { hidden: 0, locked: 0, unlocked: 0, started: 0, completed: 0 };
        for (const { states } of rows) counts[states[at] ?? "hidden"] += 1;
        return { item_id: course.program.ids[item] ?? "", ...counts };
      });
      const next_cursor = next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, next);
      return c.json({ results, next_cursor, learners: rows.length, course_version: course.pointer.version }, 200);
    })
    .openapi(exportRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const query = c.req.valid("query");
      const asked = await askedOf(c, slug, query);
      if (!asked.ok) return respond(c, asked.refusal);
      const { course, items } = asked.value;
      const { sort, cohort = null, state = null } = query;
      const stream = classExport(databasesOf(c), course, { sort, cohort, state, items }, Date.now());
      const headers = {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": attachment(`${slug}.csv`),
        "cache-control": "no-store",
      };
      return new Response(stream, { headers });
    });
}

/** The requested course, for its staff, and the page of its items. */
async function askedOf(
  c: AppContext,
  slug: string,
  query: { chapter?: string | undefined; item_limit: number; item_cursor?: string | undefined },
): Promise<Result<{ course: ClassCourse; items: number[]; nextItem: string | null }>> {
  const managed = await staffCourse(c, slug);
  if (!managed.ok) return managed;
  const { pointer } = managed.value;
  const program = pointer === null ? null : await loadProgram(databaseOf(c), slug, pointer.version);
  if (pointer === null || program === null) return refuse("course_unpublished");
  const chapter = query.chapter === undefined ? null : program.indexOf.get(query.chapter);
  if (chapter === undefined || (chapter !== null && chapter >= program.chapterCount)) return refuse("item_not_found");
  const all = classItems(program, chapter);
  const scope = `class items ${slug} ${query.chapter ?? ""}`;
  let from = 0;
  if (query.item_cursor !== undefined) {
    const after = await decodeCursor(acceptedSecrets(c.env), scope, query.item_cursor);
    if (!after.ok) return after;
    from = all.indexOf(program.indexOf.get(after.value) ?? -1) + 1;
    // If the version does not have the item, the columns begin again.
    if (from === 0) return refuse("invalid_cursor");
  }
  const items = all.slice(from, from + query.item_limit);
  const last = program.ids[items.at(-1) ?? -1];
  const hasMore = last !== undefined && from + items.length < all.length;
  const nextItem = hasMore ? await encodeCursor(c.env.AUTH_SECRET, scope, last) : null;
  return ok({ course: { slug, pointer, program }, items, nextItem });
}
