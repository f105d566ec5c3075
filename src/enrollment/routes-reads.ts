import { z } from "@hono/zod-openapi";
import { findCourse, isStaff, loadProgram, questionView } from "../courses/index.ts";
import type { Content, SnapshotInfo } from "../mirror/index.ts";
import { audience, cursorScope, LOCKED, snapshotSchema } from "../mirror/index.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { languageQuery } from "../platform/http/language.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { courseOfItem, courseSlugSchema, itemIdSchema, userIdSchema } from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { zoneSchema } from "../platform/zones.ts";
import { completionSchema, explanationSchema, ITEM_STATUSES, reasonSchema } from "../unlock/index.ts";
import { MAX_STALE_SECONDS } from "./edge/entry.ts";
import { type ReadQuery, readItem, readUnlocks, UNLOCK_READ_REFUSALS } from "./reads.ts";
import { sendRead } from "./send-read.ts";
import { STAFF, STAFF_RULE } from "./staff.ts";

const TAGS = ["unlock reads"];
const READ_RULE =
  "Own state. Staff of the course see everything; ?as=learner shows the state of a new learner, ?learner= that of one learner.";
const CONTENT_RULE = "An item that is locked now is 403 with its reasons, even with `at`. Staff can always read it.";

const itemState = z.enum(["locked", "unlocked", "started", "completed"]);
const progressView = z.object({ met: z.int(), total: z.int(), percent: z.int() }).openapi("PrerequisiteProgress");
const commonRow = {
  id: z.string(),
  title: z.string(),
  order: z.int(),
  status: itemState,
  item_status: z.enum(ITEM_STATUSES),
  prerequisite_progress: progressView,
  unlock_condition_description: z.string(),
  completed_at: z.string().nullable(),
  window: z
    .object({ opens: z.string().nullable(), due: z.string().nullable(), closes: z.string().nullable() })
    .optional()
    .openapi({
      description:
        "When the item accepts work, if it has a window. `due` and `closes` include the learner's extension.",
    }),
  completion: completionSchema.optional(),
};
const chapterRow = z
  .object({ ...commonRow, is_locked: z.boolean(), problems_completed: z.int(), problems_total: z.int() })
  .openapi("ChapterRow");
const problemRow = z
  .object({
    ...commonRow,
    chapter_id: z.string().nullable(),
    difficulty: z.int(),
    kind: z.string().openapi({ description: "The kind of item: `problem` if the author names no other." }),
    is_unlocked: z.boolean(),
    best_score: z.number().nullable(),
  })
  .openapi("ProblemRow");
const explanationView = explanationSchema.extend({ snapshot: snapshotSchema }).openapi("Explanation");

const readQuery = {
  lang: languageQuery,
  min_seq: z.coerce.number().int().min(0).optional().openapi({
    description: "The answer includes the write that returned this progress_seq.",
  }),
  at: instantSchema.optional().openapi({
    description:
      "States and reasons at another instant: the past as it was, the future as it will be if nothing else changes. The present instant alone decides whether content is shown and work is accepted.",
  }),
  tz: zoneSchema.optional(),
  learner: userIdSchema.optional().openapi({ description: "Staff: the state of this learner." }),
  as: z.enum(["learner"]).optional().openapi({ description: "Staff: what a new learner sees." }),
};
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const listAnswer = <T extends z.ZodType>(row: T) => ({
  200: { description: "A page of rows.", content: json(pageSchema(row).extend({ snapshot: snapshotSchema })) },
  304: { description: "Not modified since the ETag that was sent." },
});
const courseParam = z.object({ course: courseSlugSchema });

/** Reads of states, and of no content. */
const stateQuery = {
  ...readQuery,
  max_stale: z.coerce.number().int().min(1).max(MAX_STALE_SECONDS).optional().openapi({
    description:
      "The answer may be this many seconds old. It comes from the edge, without asking the enrollment object. It always includes `min_seq`. Not with `at`, `as` and `learner`.",
  }),
};
type StateQuery = Pick<ReadQuery, "max_stale" | "at" | "as" | "learner">;
const ONLY_OWN_PRESENT = "cannot be combined with at, as or learner, whose answers are always exact";
const isOwnPresent = ({ max_stale, at, as, learner }: StateQuery) =>
  max_stale === undefined || (at === undefined && as === undefined && learner === undefined);
const statesQuery = z
  .object(stateQuery)
  .refine(isOwnPresent, { path: ["max_stale"], ...broken("own_present", ONLY_OWN_PRESENT) });
const listQuery = z
  .object({ ...pageQuery, ...stateQuery })
  .refine(isOwnPresent, { path: ["max_stale"], ...broken("own_present", ONLY_OWN_PRESENT) });

const chaptersRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: READ_RULE, refuses: UNLOCK_READ_REFUSALS },
  {
    method: "get",
    path: "/courses/{course}/chapters",
    operationId: "listChapters",
    tags: TAGS,
    summary: "Chapters of a course with their locks",
    request: { params: courseParam, query: listQuery },
    responses: listAnswer(chapterRow),
  },
);
const problemsRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: READ_RULE, refuses: UNLOCK_READ_REFUSALS },
  {
    method: "get",
    path: "/courses/{course}/problems",
    operationId: "listProblems",
    tags: TAGS,
    summary: "Problems of a course with their locks",
    request: { params: courseParam, query: listQuery },
    responses: listAnswer(problemRow),
  },
);
const chapterProblemsRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: READ_RULE, refuses: UNLOCK_READ_REFUSALS },
  {
    method: "get",
    path: "/chapters/{chapter}/problems",
    operationId: "listChapterProblems",
    tags: TAGS,
    summary: "Problems of one chapter with their locks",
    request: { params: z.object({ chapter: itemIdSchema }), query: listQuery },
    responses: listAnswer(problemRow),
  },
);
const chapterRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: `${READ_RULE} ${CONTENT_RULE}`, refuses: [...UNLOCK_READ_REFUSALS, LOCKED] },
  {
    method: "get",
    path: "/courses/{course}/chapters/{chapter}",
    operationId: "getChapter",
    tags: TAGS,
    summary: "One chapter with its content",
    request: { params: z.object({ course: courseSlugSchema, chapter: itemIdSchema }), query: z.object(readQuery) },
    responses: {
      200: {
        description: "The chapter; content is Markdown.",
        content: json(
          chapterRow.extend({ content: z.string().nullable(), snapshot: snapshotSchema }).openapi("ChapterDetail"),
        ),
      },
    },
  },
);
const problemRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: `${READ_RULE} ${CONTENT_RULE}`, refuses: [...UNLOCK_READ_REFUSALS, LOCKED] },
  {
    method: "get",
    path: "/problems/{problem}",
    operationId: "getProblem",
    tags: TAGS,
    summary: "One problem with its statement",
    request: { params: z.object({ problem: itemIdSchema }), query: z.object(readQuery) },
    responses: {
      200: {
        description: "The problem; content is Markdown.",
        content: json(
          problemRow
            .extend({
              content: z.string().nullable(),
              question: questionView.nullable(),
              snapshot: snapshotSchema,
            })
            .openapi("ProblemDetail"),
        ),
      },
    },
  },
);
const unlocksRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: READ_RULE, refuses: UNLOCK_READ_REFUSALS },
  {
    method: "get",
    path: "/courses/{course}/unlocks",
    operationId: "getUnlocks",
    tags: TAGS,
    summary: "State of every visible item by id",
    request: { params: courseParam, query: statesQuery },
    responses: {
      200: {
        description: "States by item id.",
        content: json(
          z.object({ states: z.record(z.string(), itemState), snapshot: snapshotSchema }).openapi("Unlocks"),
        ),
      },
      304: { description: "Not modified since the ETag that was sent." },
    },
  },
);
const itemParams = z.object({ course: courseSlugSchema, item: itemIdSchema });
const whyRoute = defineRoute(
  { roles: ROLES, scope: "read", rule: READ_RULE, refuses: UNLOCK_READ_REFUSALS },
  {
    method: "get",
    path: "/courses/{course}/items/{item}/why",
    operationId: "explainItem",
    tags: TAGS,
    summary: "Why an item is locked: every condition that is not met, and the shortest list of steps that opens it",
    request: { params: itemParams, query: statesQuery },
    responses: { 200: { description: "The explanation.", content: json(explanationView) } },
  },
);
const audienceRoute = defineRoute(
  {
    roles: STAFF,
    scope: "read",
    rule: STAFF_RULE,
    refuses: ["course_unpublished"],
  },
  {
    method: "get",
    path: "/courses/{course}/items/{item}/audience",
    operationId: "listAudience",
    tags: TAGS,
    summary: "Who can open an item, and what blocks the others, from the mirror in D1",
    request: {
      params: itemParams,
      query: z.object({ ...pageQuery, state: z.enum(["open", "blocked", "any"]).default("any") }),
    },
    responses: {
      200: {
        description: "A page of learners. It can have fewer than the limit, even none, although there is a next page.",
        content: json(
          pageSchema(
            z
              .object({
                user_id: z.string(),
                enrollment_id: z.string(),
                is_open: z.boolean(),
                is_hidden: z.boolean().openapi({ description: "The learner does not see it while it is locked." }),
                status: itemState,
                reasons: z.array(reasonSchema),
              })
              .openapi("AudienceRow"),
          ),
        ),
      },
    },
  },
);

export function readRoutes() {
  return newRouter()
    .openapi(chaptersRoute, async (c) => {
      const { course } = c.req.valid("param");
      return sendList(c, course, { kind: "chapters" }, c.req.valid("query"));
    })
    .openapi(problemsRoute, async (c) => {
      const { course } = c.req.valid("param");
      return sendList(c, course, { kind: "problems", chapter: null }, c.req.valid("query"));
    })
    .openapi(chapterProblemsRoute, async (c) => {
      const { chapter } = c.req.valid("param");
      return sendList(c, courseOfItem(chapter), { kind: "problems", chapter }, c.req.valid("query"));
    })
    .openapi(chapterRoute, async (c) => {
      const { course, chapter } = c.req.valid("param");
      if (courseOfItem(chapter) !== course) return respond(c, refuse("item_not_found").refusal);
      return passOn(await readItem(c, course, chapter, "chapter", c.req.valid("query")));
    })
    .openapi(problemRoute, async (c) => {
      const { problem } = c.req.valid("param");
      return passOn(await readItem(c, courseOfItem(problem), problem, "problem", c.req.valid("query")));
    })
    .openapi(unlocksRoute, async (c) => {
      const { course } = c.req.valid("param");
      return passOn(await sendRead(c, await readUnlocks(c, course, { kind: "states" }, c.req.valid("query"))));
    })
    .openapi(whyRoute, async (c) => {
      const { course, item } = c.req.valid("param");
      if (courseOfItem(item) !== course) return respond(c, refuse("item_not_found").refusal);
      const result = await readUnlocks(c, course, { kind: "why", item }, c.req.valid("query"));
      const body = (content: Content, snapshot: SnapshotInfo): Result<object> =>
        content.kind === "why" ? ok({ ...content.explanation, snapshot }) : refuse("internal");
      return passOn(await sendRead(c, result, body));
    })
    .openapi(audienceRoute, async (c) => {
      const { course: slug, item } = c.req.valid("param");
      const { limit, cursor, state } = c.req.valid("query");
      const db = databaseOf(c);
      const entry = await findCourse(() => db, slug);
      if (entry === null) return respond(c, refuse("course_not_found").refusal);
      if (!isStaff(actorOf(c), entry)) {
        if (entry.organization !== null) return respond(c, refuse("course_not_found").refusal);
        const detail = "Only staff of the course ask who can open an item.";
        return respond(c, refuse("forbidden", { detail }).refusal);
      }
      const program = entry.pointer === null ? null : await loadProgram(db, slug, entry.pointer.version);
      if (entry.pointer === null || program === null) return respond(c, refuse("course_unpublished").refusal);
      const index = program.indexOf.get(item);
      if (index === undefined) return respond(c, refuse("item_not_found").refusal);
      const scope = `audience ${slug} ${item} ${state}`;
      const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const found = await audience(
        await databasesOf(c).ofCourse(slug),
        { slug, pointer: entry.pointer, program },
        { item: index, state, after: after.value, limit },
        Date.now(),
      );
      const next = found.next === null ? null : await encodeCursor(c.env.AUTH_SECRET, scope, found.next);
      return c.json({ results: found.rows, next_cursor: next }, 200);
    });
}

async function sendList(
  c: AppContext,
  course: string,
  list: { kind: "chapters" } | { kind: "problems"; chapter: string | null },
  query: ReadQuery & { limit: number; cursor?: string | undefined },
) {
  const { cursor, limit } = query;
  const scope = cursorScope(course, list);
  const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
  if (!after.ok) return respond(c, after.refusal);
  return passOn(await sendRead(c, await readUnlocks(c, course, { ...list, after: after.value, limit }, query)));
}
