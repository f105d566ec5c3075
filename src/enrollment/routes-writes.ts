import { z } from "@hono/zod-openapi";
import { fileIdSchema, submitFiles, takeBack } from "../files/index.ts";
import type { RecordAnswer, RecordRequest, WriteAnswer } from "../mirror/index.ts";
import { LOCKED, submitAnswerSchema, writeAnswerSchema } from "../mirror/index.ts";
import { refusedRows } from "../platform/database/batch-rows.ts";
import { respond } from "../platform/http/answers.ts";
import { rowFault } from "../platform/http/body.ts";
import { type AppContext, actorOf, databaseOf, keyOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { OTHER_COURSES } from "../platform/http/policy.ts";
import { courseOfItem, courseSlugSchema, enrollmentId, itemIdSchema, newSubmissionId } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { reachesCourse } from "../platform/scopes.ts";
import { knownZone, zoneSchema } from "../platform/zones.ts";
import { type AnswerFile, looksPacked, MAX_ANSWER, MAX_ANSWER_FILES } from "../unlock/index.ts";
import { importProgress, importRequestSchema, importResultSchema, MAX_IMPORT_BYTES, readFacts } from "./import.ts";
import { INCOMPLETE } from "./marking.ts";
import { callEnrollment } from "./stub.ts";
import { idempotencyOf, pointerForWrite, settled } from "./write-parts.ts";

const TAGS = ["unlock writes"];
/** A refusal names at most this many facts of courses that a key does not reach. */
const MAX_LISTED = 100;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const query = z.object({ lang: languageQuery, tz: zoneSchema.optional() });

const newSubmission = z
  .strictObject({
    answer: z
      .string()
      .max(MAX_ANSWER)
      .refine((answer) => !looksPacked(answer), broken("forbidden_character", "without a file separator in front"))
      .default("")
      .openapi({ description: "A text, a number with a unit, or ids of options, such as `a` or `a, c`." }),
    files: z.array(fileIdSchema).max(MAX_ANSWER_FILES).default([]).openapi({
      description: "Own files, uploaded before, for a problem that asks for files.",
    }),
  })
  .refine(({ answer, files }) => answer !== "" || files.length > 0, {
    path: ["answer"],
    ...broken("too_small", "an answer, or files"),
  })
  .openapi("NewSubmission");

const completeRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Own enrollment only. A locked chapter is refused with its reasons.",
    rate: "write",
    refuses: ["not_enrolled", "not_accepting", INCOMPLETE, LOCKED],
  },
  {
    method: "post",
    path: "/courses/{course}/chapters/{chapter}/mark_as_completed",
    operationId: "completeChapter",
    tags: TAGS,
    summary: "Mark a chapter as completed",
    request: {
      headers: idempotencyHeader,
      params: z.object({ course: courseSlugSchema, chapter: itemIdSchema }),
      query,
      body: { required: false, content: json(z.strictObject({})) },
    },
    responses: {
      200: { description: "Recorded; the answer says exactly what changed.", content: json(writeAnswerSchema) },
    },
  },
);
const markRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Own enrollment only. A locked problem is refused with its reasons.",
    rate: "write",
    refuses: ["not_enrolled", "not_accepting", INCOMPLETE, LOCKED],
  },
  {
    method: "post",
    path: "/problems/{problem}/mark_as_completed",
    operationId: "markProblem",
    tags: TAGS,
    summary: "Mark a problem as done, if its completion requirement asks for that",
    request: {
      headers: idempotencyHeader,
      params: z.object({ problem: itemIdSchema }),
      query,
      body: { required: false, content: json(z.strictObject({})) },
    },
    responses: {
      200: { description: "Recorded; the answer says exactly what changed.", content: json(writeAnswerSchema) },
    },
  },
);
const submitRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Own enrollment only. A locked problem is refused with its reasons.",
    rate: "write",
    refuses: ["not_enrolled", "not_accepting", LOCKED, "submission_limit"],
  },
  {
    method: "post",
    path: "/problems/{problem}/submissions",
    operationId: "submitAnswer",
    tags: TAGS,
    summary: "Submit an answer; it is judged at once if the problem has an answer key, else it is pending",
    request: {
      headers: idempotencyHeader,
      params: z.object({ problem: itemIdSchema }),
      query,
      body: {
        required: true,
        content: json(newSubmission),
      },
    },
    responses: {
      201: { description: "Accepted; the answer says exactly what changed.", content: json(submitAnswerSchema) },
    },
  },
);
const importRoute = defineRoute(
  {
    roles: ["service", "admin"],
    scope: "facts",
    keyCourses: "handler",
    rule: "Services and admins.",
    maxBody: MAX_IMPORT_BYTES,
    rows: "facts",
  },
  {
    method: "post",
    path: "/progress/import",
    operationId: "importProgress",
    tags: TAGS,
    summary: "Record facts from other platforms, also for locked items: up to 1,000 for many learners",
    // The key covers the whole call with its many objects; facts merge, so a repeat without a key is harmless.
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, body: { required: true, content: json(importRequestSchema) } },
    responses: {
      200: {
        description: "A result for each fact, in order; 400 if all of them break rules.",
        content: json(importResultSchema),
      },
    },
  },
);

export function writeRoutes() {
  return newRouter()
    .openapi(completeRoute, async (c) => {
      const { course, chapter } = c.req.valid("param");
      if (courseOfItem(chapter) !== course) return respond(c, refuse("item_not_found").refusal);
      const marked = await mark(c, chapter, c.req.valid("query").tz);
      return marked.ok ? c.json(marked.value, 200) : respond(c, marked.refusal);
    })
    .openapi(markRoute, async (c) => {
      const marked = await mark(c, c.req.valid("param").problem, c.req.valid("query").tz);
      return marked.ok ? c.json(marked.value, 200) : respond(c, marked.refusal);
    })
    .openapi(submitRoute, async (c) => {
      const { problem } = c.req.valid("param");
      const { answer, files: ids } = c.req.valid("json");
      const owner = actorOf(c).id;
      const id = enrollmentId(courseOfItem(problem), owner);
      const submissionId = newSubmissionId(id);
      const idempotency = await idempotencyOf(c);
      const found = await filesFor(c, ids, submissionId);
      if (!found.ok) return respond(c, found.refusal);
      const files = found.value;
      const result = await callEnrollment(c.env, id, (stub) =>
        stub.submit({
          submission_id: submissionId,
          item: problem,
          answer,
          ...(files.length === 0 ? {} : { files }),
          actor: actorOf(c),
          language: languageOf(c),
          zone: knownZone(c.req.valid("query").tz),
          pointer: pointerForWrite(c, courseOfItem(problem)),
          idempotency,
        }),
      );
      if (result.ok) return c.json(settled(c, id, result.value), 201);
      // The write with the lost answer may have succeeded: then the files stay submitted.
      if (files.length > 0 && result.refusal.code !== "unavailable") {
        const forget = takeBack(databaseOf(c), { owner, submission: submissionId });
        await forget.catch((fault: unknown) => logFault("files_not_taken_back", fault, { enrollment_id: id }));
      }
      return respond(c, result.refusal);
    })
    .openapi(importRoute, async (c) => {
      const key = keyOf(c);
      const rows = readFacts(c.req.valid("json").facts, (index) => rowFault(c, index));
      const outside = rows.flatMap((row, index) =>
        !row.ok || reachesCourse(key, courseOfItem(row.value.item))
          ? []
          : [{ path: `facts[${index}].item`, rule: "other_course", message: "the key is limited to other courses" }],
      );
      if (outside.length > 0) {
        return respond(c, { ...OTHER_COURSES.refusal, errors: outside.slice(0, MAX_LISTED) });
      }
      const refusal = refusedRows(rows);
      if (refusal !== null) return respond(c, refusal);
      const actor = { ...actorOf(c), request_id: c.get("requestId") };
      const answer = await importProgress(c.env, rows, actor, Date.now());
      // The caller may come back with the same key, so such an answer is not stored under it.
      if (answer.results.some(({ outcome }) => outcome === "unavailable")) c.header("retry-after", "1");
      return c.json(answer, 200);
    });
}

/** The files of a new submission, with their stored data; one read and one write of D1 if there are any. */
async function filesFor(c: AppContext, ids: readonly string[], submission: string): Promise<Result<AnswerFile[]>> {
  if (ids.length === 0) return ok([]);
  try {
    return await submitFiles(databaseOf(c), { owner: actorOf(c).id, ids, submission, now: Date.now() });
  } catch (fault) {
    logFault("files_not_submitted", fault, { user_id: actorOf(c).id });
    return refuse("unavailable", { detail: "The files cannot be submitted now.", retry_after: 1 });
  }
}

/** Notes that the learner marks an item as done. */
async function mark(c: AppContext, item: string, zone: string | undefined): Promise<Result<WriteAnswer>> {
  const idempotency = await idempotencyOf(c);
  const course = courseOfItem(item);
  const id = enrollmentId(course, actorOf(c).id);
  const requestOf = (): RecordRequest => ({
    facts: [{ item, completed: true, score: null, at: null }],
    chapters_only: true,
    actor: actorOf(c),
    mode: "own",
    language: languageOf(c),
    zone: knownZone(zone),
    pointer: pointerForWrite(c, course),
    idempotency,
  });
  const result =
    (await recordUnchecked(c, id, requestOf())) ??
    (await callEnrollment(c.env, id, (stub) => stub.record(requestOf())));
  if (!result.ok) return result;
  const { outcomes: _outcomes, ...answer } = result.value;
  return ok(settled(c, id, answer));
}

/**
 * Records with a token whose validity the object knows. @returns null if the token is checked, but nothing is recorded:
 * the object did not know, or runs the release before.
 */
async function recordUnchecked(
  c: AppContext,
  id: string,
  request: RecordRequest,
): Promise<Result<RecordAnswer> | null> {
  const unchecked = c.get("unchecked");
  if (unchecked === undefined) return null;
  const recorded = await callEnrollment(c.env, id, (stub) => stub.recordOwn(request, unchecked.token));
  if (recorded.ok && recorded.value !== null) return ok(recorded.value);
  if (!recorded.ok && recorded.refusal.code !== "unavailable") return recorded;
  const refusal = await unchecked.check();
  return refusal === null ? null : { ok: false, refusal };
}
