import { z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { type ProblemAnswer, respond } from "../platform/http/answers.ts";
import type { AppContext, AppEnv } from "../platform/http/context.ts";
import { refusing } from "../platform/http/declared-refusals.ts";
import { defineRoute } from "../platform/http/define-route.ts";
import { zodErrors } from "../platform/http/field-errors.ts";
import { IDEMPOTENCY_REFUSALS, idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { MAX_RULE_DEPTH, nestingExceeds } from "../unlock/index.ts";
import { findingSchema, impactSchema, publishedSchema } from "./answers.ts";
import { courseDocumentSchema, MAX_DOCUMENT_BYTES } from "./document.ts";
import { isOfUnreadable, legibleDocument } from "./legible.ts";
import { checkDocument } from "./publish.ts";
import { courseParam, json, MANAGERS, OWNER_RULE, policySchema, TAGS } from "./routes-common.ts";

/**
 * Deepest nesting of a publish body: document, chapters, chapter, problems, problem, and two levels for each of the
 * rule's sixteen, with room for its leaf. Checked before anything recurses.
 */
const MAX_NESTING = 44;

const impactView = z
  .object({
    dry_run: z.literal(true),
    chapters: z.int(),
    problems: z.int(),
    warnings: z.array(findingSchema),
    impact: impactSchema,
  })
  .openapi("PublishImpact");

/**
 * Refuses a document that breaks rules of its form, with what is wrong with its meaning beside it: an author sees both
 * in one answer.
 */
export async function refuseWholeDocument(c: AppContext, target: string, fault: z.ZodError): Promise<ProblemAnswer> {
  const errors = zodErrors(fault, target === "json" ? "" : target);
  if (target !== "json") return respond(c, { code: "invalid_input", errors });
  const body: unknown = await c.req.json();
  const sent = typeof body === "object" && body !== null && "document" in body ? body.document : null;
  const document = legibleDocument(sent);
  const checked = document === null ? null : await checkDocument(document.slug, document, Date.now());
  // What is said of a part that could not be read says nothing about the document.
  const others = checked === null || checked.ok ? [] : (checked.refusal.errors ?? []);
  return respond(c, {
    code: "invalid_input",
    errors: [...errors, ...others.filter((error) => !isOfUnreadable(error))],
  });
}

/** Stops a hostile tower of brackets before zod recurses over it. */
export const refuseDeepNesting: MiddlewareHandler<AppEnv> = async (c, next) => {
  const body: unknown = await c.req.json();
  if (!nestingExceeds(body, MAX_NESTING)) return next();
  const message = `Nested deeper than ${MAX_NESTING} levels; rules may be ${MAX_RULE_DEPTH} deep.`;
  return respond(c, { code: "invalid_input", errors: [{ path: "", rule: "too_deep", message }] });
};

export const publishRoute = defineRoute(
  {
    roles: MANAGERS,
    rule: OWNER_RULE,
    maxBody: MAX_DOCUMENT_BYTES,
    rate: "write",
    refuses: ["invalid_course", "shards_full"],
  },
  {
    method: "post",
    path: "/courses/{course}/versions",
    operationId: "publishVersion",
    tags: TAGS,
    summary: "Publish a document as the next version; with dry_run, only say what that would change",
    middleware: [refusing(IDEMPOTENCY_REFUSALS, every(refuseDeepNesting, idempotent("marked")))],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      query: z.object({ dry_run: z.enum(["true", "false"]).default("false") }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              document: courseDocumentSchema,
              policy: policySchema,
              note: z.string().max(500).nullable().default(null),
            })
            .openapi("PublishRequest"),
        ),
      },
    },
    responses: {
      200: {
        description: "A dry run, or the active version already has this document.",
        content: json(z.union([publishedSchema, impactView])),
      },
      201: { description: "The version is published and active.", content: json(publishedSchema) },
    },
  },
);
