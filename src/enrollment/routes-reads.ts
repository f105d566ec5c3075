import { z } from "@hono/zod-openapi";
import { findCourse, loadContent, loadProgram, mayManage } from "../courses/index.ts";
import {
  type AppContext,
  actorOf,
  databaseOf,
  defineRoute,
  languageOf,
  languageQuery,
  newRouter,
  ROLES,
  respond,
} from "../shared/http.ts";
import { courseOfItem, courseSlugSchema, itemIdSchema, userIdSchema } from "../shared/ids.ts";
import { instantSchema } from "../shared/instants.ts";
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { inLanguage } from "../shared/text.ts";
import { ITEM_STATUSES, REASON_CODES } from "../unlock/index.ts";
import { audience } from "./audience.ts";
import type { Content, SnapshotInfo } from "./contract.ts";
import { cursorScope } from "./reading.ts";
import { type ReadQuery, readUnlocks, sendRead } from "./reads.ts";

const TAGS = ["unlock reads"];
const READ_RULE =
  "Own state; staff of the course see everything, ?as=learner a newcomer's and ?learner= one learner's.";

const snapshotView = z
  .object({
    version: z.int(),
    source: z.enum(["snapshot", "recomputed", "realtime", "staff"]),
    computed_at: z.string(),
    progress_seq: z.int(),
    policy_seq: z.int(),
    course_version: z.int(),
    engine: z.int(),
    valid_until: z.string().nullable(),
    stale_since: z.string().optional(),
  })
  .openapi("Snapshot");
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
};
const chapterRow = z
  .object({ ...commonRow, is_locked: z.boolean(), problems_completed: z.int(), problems_total: z.int() })
  .openapi("ChapterRow");
const problemRow = z
  .object({
    ...commonRow,
    chapter_id: z.string().nullable(),
    difficulty: z.int(),
    is_unlocked: z.boolean(),
    best_score: z.number().nullable(),
  })
  .openapi("ProblemRow");
const reasonView = z
  .object({
    code: z.enum(REASON_CODES),
    item: z.string().optional(),
    title: z.string().optional(),
    required: z.union([z.number(), z.string()]).optional(),
    actual: z.union([z.number(), z.string()]).nullable().optional(),
    remaining: z.number().optional(),
    available_at: z.string().nullable().optional(),
  })
  .openapi("Reason");
const stepView = z
  .object({
    action: z.enum(["complete", "attempt", "score", "wait"]),
    item: z.string().optional(),
    title: z.string().optional(),
    min_score: z.number().optional(),
    until: z.string().optional(),
  })
  .openapi("Step");
const explanationView = z
  .object({
    item: z.string(),
    is_locked: z.boolean(),
    reasons: z.array(reasonView),
    to_unlock: z.array(stepView).nullable(),
    do_next: z.array(stepView),
    sentence: z.object({ en: z.string(), zh: z.string() }),
    snapshot: snapshotView,
  })
  .openapi("Explanation");

const readQuery = {
  lang: languageQuery,
  min_seq: z.coerce.number().int().min(0).optional().openapi({
    description: "Never answer from before this progress_seq, which a write returned: read-your-writes.",
  }),
  at: instantSchema
    .optional()
    .openapi({ description: "Answer for another instant: the past as it was, the future as it stands." }),
  learner: userIdSchema.optional().openapi({ description: "Staff: the state of this learner." }),
  as: z.enum(["learner"]).optional().openapi({ description: "Staff: what somebody who has just enrolled sees." }),
};
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const listAnswer = <T extends z.ZodType>(row: T) => ({
  200: { description: "A page of rows.", content: json(pageSchema(row).extend({ snapshot: snapshotView })) },
  304: { description: "Nothing has changed since the ETag that was sent." },
});
const courseParam = z.object({ course: courseSlugSchema });
const listQuery = z.object({ ...pageQuery, ...readQuery });

const chaptersRoute = defineRoute(
  { roles: ROLES, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/chapters",
    tags: TAGS,
    summary: "Chapters of a course with their locks",
    request: { params: courseParam, query: listQuery },
    responses: listAnswer(chapterRow),
  },
);
const problemsRoute = defineRoute(
  { roles: ROLES, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/problems",
    tags: TAGS,
    summary: "Problems of a course with their locks",
    request: { params: courseParam, query: listQuery },
    responses: listAnswer(problemRow),
  },
);
const chapterProblemsRoute = defineRoute(
  { roles: ROLES, rule: READ_RULE },
  {
    method: "get",
    path: "/chapters/{chapter}/problems",
    tags: TAGS,
    summary: "Problems of one chapter with their locks",
    request: { params: z.object({ chapter: itemIdSchema }), query: listQuery },
    responses: listAnswer(problemRow),
  },
);
const chapterRoute = defineRoute(
  { roles: ROLES, rule: `${READ_RULE} A locked chapter is 403 with its reasons.` },
  {
    method: "get",
    path: "/courses/{course}/chapters/{chapter}",
    tags: TAGS,
    summary: "One chapter with its content",
    request: { params: z.object({ course: courseSlugSchema, chapter: itemIdSchema }), query: z.object(readQuery) },
    responses: {
      200: {
        description: "The chapter; content is Markdown.",
        content: json(
          chapterRow.extend({ content: z.string().nullable(), snapshot: snapshotView }).openapi("ChapterDetail"),
        ),
      },
    },
  },
);
const problemRoute = defineRoute(
  { roles: ROLES, rule: `${READ_RULE} A locked problem is 403 with its reasons.` },
  {
    method: "get",
    path: "/problems/{problem}",
    tags: TAGS,
    summary: "One problem with its statement",
    request: { params: z.object({ problem: itemIdSchema }), query: z.object(readQuery) },
    responses: {
      200: {
        description: "The problem; content is Markdown.",
        content: json(
          problemRow.extend({ content: z.string().nullable(), snapshot: snapshotView }).openapi("ProblemDetail"),
        ),
      },
    },
  },
);
const unlocksRoute = defineRoute(
  { roles: ROLES, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/unlocks",
    tags: TAGS,
    summary: "State of every visible item by id",
    request: { params: courseParam, query: z.object(readQuery) },
    responses: {
      200: {
        description: "States by item id.",
        content: json(z.object({ states: z.record(z.string(), itemState), snapshot: snapshotView }).openapi("Unlocks")),
      },
      304: { description: "Nothing has changed since the ETag that was sent." },
    },
  },
);
const itemParams = z.object({ course: courseSlugSchema, item: itemIdSchema });
const whyRoute = defineRoute(
  { roles: ROLES, rule: READ_RULE },
  {
    method: "get",
    path: "/courses/{course}/items/{item}/why",
    tags: TAGS,
    summary: "Why an item is locked: every failing condition, and the least there is to do",
    request: { params: itemParams, query: z.object(readQuery) },
    responses: { 200: { description: "The explanation.", content: json(explanationView) } },
  },
);
const audienceRoute = defineRoute(
  { roles: ["author", "service", "admin"], rule: "Authors: own courses only." },
  {
    method: "get",
    path: "/courses/{course}/items/{item}/audience",
    tags: TAGS,
    summary: "Who can open an item, and who is blocked on it by what",
    request: {
      params: itemParams,
      query: z.object({ ...pageQuery, state: z.enum(["open", "blocked", "any"]).default("any") }),
    },
    responses: {
      200: {
        description: "A page of learners. It may hold fewer than asked for, even none, while there is a next one.",
        content: json(
          pageSchema(
            z
              .object({
                user_id: z.string(),
                enrollment_id: z.string(),
                is_open: z.boolean(),
                status: itemState,
                reasons: z.array(reasonView),
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
      return sendItem(c, course, chapter, "chapter", c.req.valid("query"));
    })
    .openapi(problemRoute, async (c) => {
      const { problem } = c.req.valid("param");
      return sendItem(c, courseOfItem(problem), problem, "problem", c.req.valid("query"));
    })
    .openapi(unlocksRoute, async (c) => {
      const { course } = c.req.valid("param");
      return raw(await sendRead(c, await readUnlocks(c, course, { kind: "states" }, c.req.valid("query"))));
    })
    .openapi(whyRoute, async (c) => {
      const { course, item } = c.req.valid("param");
      if (courseOfItem(item) !== course) return respond(c, refuse("item_not_found").refusal);
      const result = await readUnlocks(c, course, { kind: "why", item }, c.req.valid("query"));
      const body = (content: Content, snapshot: SnapshotInfo): Result<object> =>
        content.kind === "why" ? ok({ ...content.explanation, snapshot }) : refuse("internal");
      return raw(await sendRead(c, result, body));
    })
    .openapi(audienceRoute, async (c) => {
      const { course: slug, item } = c.req.valid("param");
      const { limit, cursor, state } = c.req.valid("query");
      const db = databaseOf(c);
      const entry = await findCourse(() => db, slug);
      if (entry === null) return respond(c, refuse("course_not_found").refusal);
      if (actorOf(c).role !== "service" && !mayManage(actorOf(c), entry))
        return respond(c, refuse("forbidden").refusal);
      const program = entry.pointer === null ? null : await loadProgram(db, slug, entry.pointer.version);
      if (entry.pointer === null || program === null) return respond(c, refuse("course_unpublished").refusal);
      const index = program.indexOf.get(item);
      if (index === undefined) return respond(c, refuse("item_not_found").refusal);
      const scope = `audience ${slug} ${item} ${state}`;
      const after = cursor === undefined ? ok(null) : await decodeCursor(acceptedSecrets(c.env), scope, cursor);
      if (!after.ok) return respond(c, after.refusal);
      const found = await audience(
        db,
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
  return raw(await sendRead(c, await readUnlocks(c, course, { ...list, after: after.value, limit }, query)));
}

/** One item with its content, which leaves the database only when the item is open (or the caller is staff). */
async function sendItem(c: AppContext, course: string, item: string, kind: "chapter" | "problem", query: ReadQuery) {
  const result = await readUnlocks(c, course, { kind: "item", item }, query);
  const body = async (content: Content, snapshot: SnapshotInfo): Promise<Result<object>> => {
    if (content.kind !== "item") return refuse("internal");
    const row: unknown = JSON.parse(content.row);
    if (typeof row !== "object" || row === null || "chapter_id" in row !== (kind === "problem")) {
      return refuse("item_not_found");
    }
    if (!content.is_open) {
      const { item: _item, is_locked: _locked, sentence, ...rest } = content.explanation;
      return refuse("locked", { detail: sentence[languageOf(c)], extra: { item, ...rest } });
    }
    const text = await loadContent(databaseOf(c), course, snapshot.course_version, item);
    return ok({ ...row, content: text === null ? null : inLanguage(text, languageOf(c)), snapshot });
  };
  return raw(await sendRead(c, result, body));
}

/** SAFETY: the body was rendered by this room in the declared form; re-parsing it only to type it would cost the speed. */
function raw(response: Response): never {
  return response as never;
}
