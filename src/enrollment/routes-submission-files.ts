import { z } from "@hono/zod-openapi";
import { fileIdSchema, sendSubmitted } from "../files/index.ts";
import { respond } from "../platform/http/answers.ts";
import { databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { enrollmentOfSubmission, parseEnrollmentId, submissionIdSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { unpackAnswer } from "../unlock/index.ts";
import { GRADER_RULE, maySeeWork } from "./grading-rights.ts";
import { callEnrollment } from "./stub.ts";

/** Bytes, of the type that the file was stored with. */
const ofItsType = { "*/*": { schema: z.string().openapi({ format: "binary" }) } };

const fileRoute = defineRoute(
  {
    roles: ROLES,
    scope: "verdicts",
    rule: `The learner who submitted it. ${GRADER_RULE}`,
    refuses: ["not_found", "range_not_satisfiable"],
  },
  {
    method: "get",
    path: "/submissions/{submission}/files/{file}",
    operationId: "getSubmissionFile",
    tags: ["unlock writes"],
    summary: "The bytes of a file that was submitted with a submission",
    request: {
      params: z.object({ submission: submissionIdSchema, file: fileIdSchema }),
      headers: z.object({
        range: z.string().max(200).optional(),
        "if-range": z.string().max(200).optional(),
        "if-none-match": z.string().max(2_000).optional(),
      }),
    },
    responses: {
      200: { description: "The whole file, as an attachment.", content: ofItsType },
      206: { description: "The range that was asked for.", content: ofItsType },
      304: { description: "Not modified: the file still has this ETag." },
    },
  },
);

/** Files of submissions: callers who may see the submission may see its files, and no others. */
export function submissionFileRoutes() {
  return newRouter().openapi(fileRoute, async (c) => {
    const { submission, file } = c.req.valid("param");
    const allowed = await maySeeWork(c, submission);
    if (!allowed.ok) return respond(c, allowed.refusal);
    const id = enrollmentOfSubmission(submission);
    const found = await callEnrollment(c.env, id, (stub) => stub.submission(submission));
    if (!found.ok) {
      const isAbsent = found.refusal.code === "not_enrolled" || found.refusal.code === "submission_not_found";
      return respond(c, isAbsent ? refuse("not_found").refusal : found.refusal);
    }
    const { files } = unpackAnswer(found.value.answer);
    if (!files.some((one) => one.id === file)) return respond(c, refuse("not_found").refusal);
    const asked = c.req.valid("header");
    const sent = await sendSubmitted(
      { env: c.env, db: databaseOf(c), now: Date.now() },
      { owner: parseEnrollmentId(id).user, id: file },
      {
        range: asked.range,
        ifRange: asked["if-range"],
        ifNoneMatch: asked["if-none-match"],
        requestId: c.get("requestId"),
      },
    );
    return sent ?? respond(c, refuse("not_found").refusal);
  });
}
