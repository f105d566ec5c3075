import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { respond } from "../../platform/http/answers.ts";
import type { AppEnv } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { explanationSchema } from "../../unlock/index.ts";
import { recordLooks } from "../looks.ts";
import { decide } from "./decide.ts";
import { decisionRequestSchema, MAX_EVALUATIONS, questionsOf, untilDecided } from "./request.ts";

/** A thousand questions with the longest ids that there are. */
const MAX_BODY = 512 * 1_024;

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const decision = z
  .object({
    decision: z.boolean(),
    context: z.object({
      reason: z.enum(["not_open", "not_enrolled", "error"]).optional().openapi({
        description: "Why not. An item that is hidden, or does not exist, is `not_open` like one that is locked.",
      }),
      explanation: explanationSchema.optional().openapi({ description: "Only with `options.reasons`." }),
      snapshot: z.object({ version: z.int(), course_version: z.int(), source: z.string() }).optional(),
      error: z.object({ status: z.int(), code: z.string(), message: z.string() }).optional().openapi({
        description: "Why this question could not be decided. It denies.",
      }),
    }),
  })
  .openapi("Decision");

const decisionRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    keyCourses: "handler",
    rule: "About yourself; staff of a course about its learners; observers about their learners.",
    refuses: ["course_not_found", "course_unpublished", "sequence_ahead"],
    maxBody: MAX_BODY,
  },
  {
    method: "post",
    path: "/decisions",
    operationId: "decide",
    tags: ["unlock reads"],
    summary: `May these people open these items right now? Up to ${MAX_EVALUATIONS} questions, in the form of AuthZEN`,
    description:
      "The request form is that of the OpenID Authorization API 1.0: one question, or `evaluations` with several. `subject.type` is `user`, `action.name` is `open`, `resource.type` is `item`. One question that cannot be decided is refused with a problem document; among several, it denies and carries `context.error`.",
    request: { body: { required: true, content: json(decisionRequestSchema) } },
    responses: {
      200: {
        description: "One decision, or `evaluations` with one for each question, in their order.",
        content: json(z.union([decision, z.object({ evaluations: z.array(decision) })]).openapi("Decisions")),
      },
    },
  },
);

/** Decisions for other programs. */
export function decisionRoutes() {
  return newRouter().openapi(decisionRoute, async (c) => {
    if (c.req.header("if-none-match") !== undefined) {
      const message = "decisions are never 304";
      const errors = [{ path: "header.if-none-match", rule: "not_allowed", message }];
      return respond(c, refuse("invalid_input", { errors }).refusal);
    }
    const asked = questionsOf(c.req.valid("json"));
    if (!asked.ok) return respond(c, asked.refusal);
    const { questions, isAlone, semantic, withReasons } = asked.value;
    const answers = await decide(c, questions, withReasons);
    const recorded = await recordLooks(
      c,
      questions.filter((_question, at) => answers[at]?.refusal === undefined),
    );
    if (!recorded.ok) return respond(c, recorded.refusal);
    c.header("cache-control", "no-store");
    const [first] = answers;
    if (!isAlone) {
      const evaluations = untilDecided(answers, semantic).map(({ decision, context }) => ({ decision, context }));
      return c.json({ evaluations }, 200);
    }
    if (first === undefined || first.refusal !== undefined)
      return respond(c, first?.refusal ?? refuse("internal").refusal);
    return c.json({ decision: first.decision, context: first.context }, 200);
  });
}

/** Says to clients of AuthZEN where decisions are asked for. */
export function mountDecisionDiscovery(app: OpenAPIHono<AppEnv>): void {
  app.get("/.well-known/authzen-configuration", (c) => {
    const { origin } = new URL(c.req.url);
    const endpoint = `${origin}/api/v1/decisions`;
    const document = {
      policy_decision_point: origin,
      access_evaluation_endpoint: endpoint,
      access_evaluations_endpoint: endpoint,
    };
    return c.json(document, 200, { "cache-control": "public, max-age=3600", "access-control-allow-origin": "*" });
  });
}
