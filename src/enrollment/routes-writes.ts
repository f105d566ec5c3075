import { z } from "@hono/zod-openapi";
import { callEnrollment, countedDatabase } from "../bindings.ts";
import { type CoursePointer, findCourse, isFresh, rememberedCourse } from "../courses/index.ts";
import { idempotent } from "../ops/idempotency.ts";
import { logFault } from "../ops/logging.ts";
import {
  type AppContext,
  actorOf,
  defineRoute,
  idempotencyHeader,
  languageOf,
  languageQuery,
  newRouter,
  ROLES,
  respond,
  sha256Hex,
} from "../shared/http.ts";
import {
  courseOfItem,
  courseSlugSchema,
  enrollmentId,
  enrollmentOfSubmission,
  itemIdSchema,
  newSubmissionId,
  submissionIdSchema,
} from "../shared/ids.ts";
import { refuse } from "../shared/results.ts";
import { MAX_ANSWER } from "../unlock/index.ts";
import type { Idempotency, WriteAnswer } from "./contract.ts";
import { importProgress, importRequestSchema, importResultSchema, MAX_IMPORT_BYTES } from "./import.ts";

const TAGS = ["unlock writes"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const deltaFields = {
  enrollment_id: z.string(),
  progress_seq: z.int(),
  policy_seq: z.int(),
  version: z.int(),
  course_version: z.int(),
  unlocked: z.array(z.string()).openapi({ description: "Items that opened by this write; never one that was open." }),
  locked: z.array(z.string()),
};
export const writeAnswerView = z.object(deltaFields).openapi("WriteAnswer");
const submissionView = z
  .object({
    ...deltaFields,
    submission_id: z.string(),
    item: z.string(),
    status: z.enum(["pending", "passed", "failed"]),
    score: z.number().nullable(),
    feedback: z.string().nullable(),
  })
  .openapi("SubmissionAnswer");
const query = z.object({ lang: languageQuery });

const completeRoute = defineRoute(
  { roles: ROLES, rule: "Own enrollment only. A locked chapter is refused with its reasons.", rate: "write" },
  {
    method: "post",
    path: "/courses/{course}/chapters/{chapter}/mark_as_completed",
    tags: TAGS,
    summary: "Mark a chapter as completed",
    request: {
      headers: idempotencyHeader,
      params: z.object({ course: courseSlugSchema, chapter: itemIdSchema }),
      query,
      body: { required: false, content: json(z.strictObject({})) },
    },
    responses: { 200: { description: "Recorded, with the exact delta.", content: json(writeAnswerView) } },
  },
);
const submitRoute = defineRoute(
  { roles: ROLES, rule: "Own enrollment only. A locked problem is refused with its reasons.", rate: "write" },
  {
    method: "post",
    path: "/problems/{problem}/submissions",
    tags: TAGS,
    summary: "Submit an answer; judged at once if the problem has an answer key, else pending",
    request: {
      headers: idempotencyHeader,
      params: z.object({ problem: itemIdSchema }),
      query,
      body: {
        required: true,
        content: json(z.strictObject({ answer: z.string().min(1).max(MAX_ANSWER) }).openapi("NewSubmission")),
      },
    },
    responses: { 201: { description: "Taken, with the exact delta.", content: json(submissionView) } },
  },
);
const verdictRoute = defineRoute(
  { roles: ["service", "admin"], rule: "Services and admins.", rate: "write" },
  {
    method: "post",
    path: "/submissions/{submission}/verdict",
    tags: TAGS,
    summary: "Judge a pending submission",
    request: {
      headers: idempotencyHeader,
      params: z.object({ submission: submissionIdSchema }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              passed: z.boolean(),
              score: z.number().min(0).max(100),
              feedback: z.string().max(5_000).nullable().default(null),
            })
            .openapi("Verdict"),
        ),
      },
    },
    responses: { 200: { description: "Judged, with the exact delta.", content: json(submissionView) } },
  },
);
const importRoute = defineRoute(
  { roles: ["service", "admin"], rule: "Services and admins.", maxBody: MAX_IMPORT_BYTES },
  {
    method: "post",
    path: "/progress/import",
    tags: TAGS,
    summary: "Record facts that happened elsewhere, also on locked items: up to 1,000 for many learners",
    // The key covers the call as a whole, which spans many objects; facts merge, so a repeat without a key is harmless.
    middleware: [idempotent()],
    request: { headers: idempotencyHeader, body: { required: true, content: json(importRequestSchema) } },
    responses: { 200: { description: "A result for each fact, in order.", content: json(importResultSchema) } },
  },
);

export function writeRoutes() {
  return newRouter()
    .openapi(completeRoute, async (c) => {
      const { course, chapter } = c.req.valid("param");
      if (courseOfItem(chapter) !== course) return respond(c, refuse("item_not_found").refusal);
      const idempotency = await idempotencyOf(c);
      const id = enrollmentId(course, actorOf(c).id);
      const result = await callEnrollment(c.env, id, (stub) =>
        stub.record({
          facts: [{ item: chapter, completed: true, score: null, at: null }],
          chapters_only: true,
          actor: actorOf(c),
          mode: "own",
          language: languageOf(c),
          pointer: pointerForWrite(c, course),
          idempotency,
        }),
      );
      if (!result.ok) return respond(c, result.refusal);
      const { outcomes: _outcomes, ...answer } = result.value;
      return c.json(settled(c, id, answer), 200);
    })
    .openapi(submitRoute, async (c) => {
      const { problem } = c.req.valid("param");
      const { answer } = c.req.valid("json");
      const id = enrollmentId(courseOfItem(problem), actorOf(c).id);
      const submissionId = newSubmissionId(id);
      const idempotency = await idempotencyOf(c);
      const result = await callEnrollment(c.env, id, (stub) =>
        stub.submit({
          submission_id: submissionId,
          item: problem,
          answer,
          actor: actorOf(c),
          language: languageOf(c),
          pointer: pointerForWrite(c, courseOfItem(problem)),
          idempotency,
        }),
      );
      return result.ok ? c.json(settled(c, id, result.value), 201) : respond(c, result.refusal);
    })
    .openapi(verdictRoute, async (c) => {
      const { submission } = c.req.valid("param");
      const verdict = c.req.valid("json");
      const idempotency = await idempotencyOf(c);
      const id = enrollmentOfSubmission(submission);
      const result = await callEnrollment(c.env, id, (stub) =>
        stub.verdict({ submission_id: submission, ...verdict, actor: actorOf(c), idempotency }),
      );
      if (result.ok) return c.json(settled(c, id, result.value), 200);
      const isUnknown = result.refusal.code === "not_enrolled";
      return respond(c, isUnknown ? refuse("submission_not_found").refusal : result.refusal);
    })
    .openapi(importRoute, async (c) => {
      const answer = await importProgress(c.env, c.req.valid("json").facts, actorOf(c), Date.now());
      // Asked to come back, the caller may do so with the same key: such an answer is not kept under it.
      if (answer.results.some(({ outcome }) => outcome === "unavailable")) c.header("retry-after", "1");
      return c.json(answer, 200);
    });
}

/** The Idempotency-Key with the hash of what it was sent with: the address and the body. */
export async function idempotencyOf(c: AppContext): Promise<Idempotency | null> {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return null;
  return { key, body_hash: await sha256Hex(`${c.req.method} ${c.req.path}\n${await c.req.text()}`) };
}

/**
 * The newest course version this isolate knows of, without asking: a write waits for no database. It is fetched in the
 * background for the next one; an object that is told nothing decides on the version it holds.
 */
export function pointerForWrite(c: AppContext, course: string): CoursePointer | null {
  if (!isFresh(course)) {
    c.executionCtx.waitUntil(
      findCourse(() => countedDatabase(c.env.DB, { count: 0 }), course).catch((fault: unknown) =>
        logFault("course_unreachable", fault, { course_id: course }),
      ),
    );
  }
  return rememberedCourse(course)?.pointer ?? null;
}

/** Notes the facts of a write for the log, and says in a header when the answer is a stored one. */
export function settled<T extends WriteAnswer>(c: AppContext, id: string, answer: T): Omit<T, "replayed"> {
  const facts = c.get("facts");
  facts.enrollment_id = id;
  facts.snapshot_version = answer.version;
  const { replayed, ...rest } = answer;
  if (replayed === true) c.header("idempotency-replayed", "true");
  return rest;
}
