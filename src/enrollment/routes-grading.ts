import { z } from "@hono/zod-openapi";
import { findCourse, loadRubric, loadShown, questionView, type Rubric, viewQuestion } from "../courses/index.ts";
import { permitFor, submitAnswerSchema } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import type { DeclaredRefusal } from "../platform/http/declared-refusals.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import {
  courseOfItem,
  courseSlugSchema,
  enrollmentOfSubmission,
  parseEnrollmentId,
  submissionIdSchema,
} from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { inLanguage, type Language } from "../platform/text.ts";
import { GRADER_RULE, mayJudge } from "./grading-rights.ts";
import { readUnlocks } from "./reads.ts";
import { callEnrollment } from "./stub.ts";
import { readVerdict, type Verdict, verdictSchema } from "./verdict.ts";
import { givenVerdict, gradedFields, gradedViewOf, submittedFileView } from "./verdict-view.ts";
import { idempotencyOf, settled } from "./write-parts.ts";

const TAGS = ["unlock writes"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

/** `already_judged`: with the existing verdict. */
const JUDGED = {
  code: "already_judged",
  name: "AlreadyJudgedProblem",
  members: { verdict: givenVerdict.optional() },
} as const satisfies DeclaredRefusal;

const submissionParam = z.object({ submission: submissionIdSchema });

const levelView = z.object({ id: z.string(), title: z.string(), points: z.number() });
const criterionView = z
  .object({
    id: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    points: z.number().openapi({ description: "The most that it gives." }),
    levels: z.array(levelView),
  })
  .openapi("Criterion");

const readRoute = defineRoute(
  { roles: ROLES, scope: "verdicts", rule: GRADER_RULE },
  {
    method: "get",
    path: "/submissions/{submission}",
    operationId: "getSubmission",
    tags: TAGS,
    summary: "One submission as whoever judges sees it: with its problem, its rubric and all its verdicts",
    request: { params: submissionParam, query: z.object({ lang: languageQuery }) },
    responses: {
      200: {
        description: "The submission.",
        content: json(
          z
            .object({
              id: z.string(),
              course_id: courseSlugSchema,
              enrollment_id: z.string(),
              learner: z.string(),
              item: z.string(),
              answer: z.string(),
              files: z.array(submittedFileView),
              submitted_at: z.string(),
              ...gradedFields,
              title: z.string().nullable().openapi({ description: "Of the problem; null: it is not published now." }),
              content: z.string().nullable().openapi({ description: "What the problem asks, in Markdown." }),
              question: questionView.nullable(),
              criteria: z.array(criterionView).nullable().openapi({
                description: "Of the problem's rubric, as it is published now; null: it has none.",
              }),
            })
            .openapi("GradedSubmission"),
        ),
      },
    },
  },
);

const verdictRoute = defineRoute(
  {
    roles: ROLES,
    scope: "verdicts",
    rule: GRADER_RULE,
    rate: "write",
    refuses: [JUDGED, "submission_limit"],
  },
  {
    method: "post",
    path: "/submissions/{submission}/verdict",
    operationId: "judgeSubmission",
    tags: TAGS,
    summary: "Judge a pending submission, or change its verdict; also of a learner who has withdrawn since",
    description:
      "Of two who judge at once the second gets `already_judged` with the verdict of the first, unless both say the same. With `replaces` a verdict is changed: the one before is kept, what is recorded of the problem is made anew from all its submissions, and what is open stays open unless `relock` is asked for.",
    request: {
      headers: idempotencyHeader,
      params: submissionParam,
      body: { required: true, content: json(verdictSchema) },
    },
    responses: {
      200: { description: "Judged; the answer says exactly what changed.", content: json(submitAnswerSchema) },
    },
  },
);

/** The operations of graders on one submission. */
export function gradingRoutes() {
  return newRouter()
    .openapi(readRoute, async (c) => {
      const { submission } = c.req.valid("param");
      const id = enrollmentOfSubmission(submission);
      const { course, user } = parseEnrollmentId(id);
      const allowed = await mayJudge(c, course);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const found = await callEnrollment(c.env, id, (stub) => stub.submission(submission));
      if (!found.ok) return respond(c, unknown(found.refusal));
      const [asked, rubric] = await Promise.all([askedOf(c, found.value.item), rubricOf(c, found.value.item)]);
      const criteria = rubric === null ? null : criteriaIn(rubric, languageOf(c));
      const whose = { course_id: course, enrollment_id: id, learner: user };
      return c.json({ ...gradedViewOf(found.value), ...whose, ...asked, criteria }, 200);
    })
    .openapi(verdictRoute, async (c) => {
      const { submission } = c.req.valid("param");
      const { passed, decides, feedback, held, replaces = null, relock } = c.req.valid("json");
      const id = enrollmentOfSubmission(submission);
      const allowed = await mayJudge(c, parseEnrollmentId(id).course);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const read = await marksOf(c, submission, c.req.valid("json"));
      if (!read.ok) return respond(c, unknown(read.refusal));
      const idempotency = await idempotencyOf(c);
      const { score, marks } = read.value;
      const result = await callEnrollment(c.env, id, (stub) =>
        stub.verdict({
          submission_id: submission,
          passed,
          score,
          decides,
          feedback,
          marks,
          held,
          replaces,
          relock,
          actor: { ...actorOf(c), request_id: c.get("requestId") },
          idempotency,
        }),
      );
      return result.ok ? c.json(settled(c, id, result.value), 200) : respond(c, unknown(result.refusal));
    });
}

/** A user who is not enrolled has submitted nothing. */
function unknown(refusal: Refusal): Refusal {
  return refusal.code === "not_enrolled" ? refuse("submission_not_found").refusal : refusal;
}

/** Score and marks of a verdict; its rubric is only read if the verdict uses one. */
async function marksOf(c: AppContext, submission: string, verdict: Verdict) {
  if (verdict.rubric === undefined) return readVerdict(verdict, null);
  const found = await callEnrollment(c.env, enrollmentOfSubmission(submission), (stub) => stub.submission(submission));
  return found.ok ? readVerdict(verdict, await rubricOf(c, found.value.item)) : found;
}

/** The published rubric of an item. */
async function rubricOf(c: AppContext, item: string): Promise<Rubric | null> {
  const course = courseOfItem(item);
  const entry = await findCourse(() => databaseOf(c), course);
  const pointer = entry?.pointer ?? null;
  return pointer === null ? null : loadRubric(databaseOf(c), { course, version: pointer.version, item });
}

/** A rubric in one language. */
function criteriaIn({ criteria }: Rubric, language: Language): z.infer<typeof criterionView>[] {
  return criteria.map(({ id, title, description, points, levels }) => ({
    id,
    title: inLanguage(title, language),
    description: description === undefined ? null : inLanguage(description, language),
    points,
    levels: levels.map((level) => ({ ...level, title: inLanguage(level.title, language) })),
  }));
}

interface AskedOfLearner {
  title: string | null;
  content: string | null;
  question: z.infer<typeof questionView> | null;
}

/** The question of a problem, for people who judge; they can also read an answer without it. */
async function askedOf(c: AppContext, item: string): Promise<AskedOfLearner> {
  const nothing: AskedOfLearner = { title: null, content: null, question: null };
  const found = await textOf(c, item).catch((fault: unknown): Result<AskedOfLearner> => {
    logFault("content_unreachable", fault, { course_id: courseOfItem(item) });
    return ok(nothing);
  });
  return found.ok ? found.value : nothing;
}

const titled = z.looseObject({ title: z.string() });

async function textOf(c: AppContext, item: string): Promise<Result<AskedOfLearner>> {
  const course = courseOfItem(item);
  const read = await readUnlocks(c, course, { kind: "item", item }, {});
  if (!read.ok || read.value.unchanged || read.value.content.kind !== "item") return refuse("item_not_found");
  const { content, snapshot, byStaff } = read.value;
  const language = languageOf(c);
  const permit = permitFor({ isStaff: byStaff, language }, { course, item, at: null }, { content, snapshot });
  if (!permit.ok) return permit;
  const { text, question } = await loadShown(databaseOf(c), permit.value);
  const { title } = titled.parse(JSON.parse(content.row));
  return ok({
    title,
    content: text === null ? null : inLanguage(text, language),
    question: question === null ? null : viewQuestion(question, language, null),
  });
}
