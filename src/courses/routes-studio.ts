import { z } from "@hono/zod-openapi";
import { every } from "hono/combine";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { refusing } from "../platform/http/declared-refusals.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { claimOf, IDEMPOTENCY_REFUSALS, idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { itemIdSchema } from "../platform/ids.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { findingSchema } from "./answers.ts";
import { courseDocumentSchema, MAX_DOCUMENT_BYTES } from "./document.ts";
import { managedCourse } from "./managed.ts";
import { MAX_ITEMS } from "./max-items.ts";
import { previewOf } from "./preview.ts";
import { checkDocument } from "./publish.ts";
import { refuseDeepNesting, refuseWholeDocument } from "./route-publish.ts";
import { courseParam, json, MANAGERS, OWNER_RULE, TAGS } from "./routes-common.ts";
import { noteWriting, readWorkingCopy, saveWorkingCopy } from "./working-copy.ts";

/** A text of JSON in a JSON body has a backslash before each quote: a body is larger than its text. */
const MAX_BODY = 2 * MAX_DOCUMENT_BYTES + 1_000;
/** Most cohorts of a made-up learner. */
const MAX_COHORTS = 100;

const stampFields = {
  revision: z.int().openapi({ description: "Grows with every save. 0: nobody ever saved one." }),
  base_version: z.int().nullable().openapi({ description: "The version that the text began with." }),
  saved_by: z.string().nullable(),
  name: z.string().nullable(),
  saved_at: z.string().nullable(),
};
const stampView = z.object(stampFields).openapi("WorkingCopyStamp");
const copyView = z
  .object({
    ...stampFields,
    text: z.string().nullable().openapi({ description: "Null: nothing is there, or it was discarded." }),
  })
  .openapi("WorkingCopy");

const readRoute = defineRoute(
  { roles: MANAGERS, rule: OWNER_RULE },
  {
    method: "get",
    path: "/courses/{course}/working-copy",
    operationId: "getWorkingCopy",
    tags: TAGS,
    summary: "The text of a course that its authors are writing and have not published",
    request: { params: courseParam },
    responses: { 200: { description: "The working copy.", content: json(copyView) } },
  },
);

const saveRoute = defineRoute(
  { roles: MANAGERS, rule: OWNER_RULE, rate: "write", maxBody: MAX_BODY, refuses: ["working_copy_changed"] },
  {
    method: "put",
    path: "/courses/{course}/working-copy",
    operationId: "saveWorkingCopy",
    tags: TAGS,
    summary: "Save the working copy of a course, or discard it; refused where somebody else saved meanwhile",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              text: z
                .string()
                .min(1)
                .refine((text) => new TextEncoder().encode(text).byteLength <= MAX_DOCUMENT_BYTES, {
                  message: `at most ${MAX_DOCUMENT_BYTES} bytes`,
                  params: { rule: "too_big" },
                })
                .nullable()
                .openapi({ description: "Any text: it is checked when it is published. Null discards it." }),
              revision: z.int().min(0).openapi({ description: "The revision that this text was made from." }),
              base_version: z.int().min(1).nullable().default(null),
            })
            .openapi("SaveWorkingCopy"),
        ),
      },
    },
    responses: { 200: { description: "Saved; `revision` is the new one.", content: json(stampView) } },
  },
);

const writingRoute = defineRoute(
  { roles: MANAGERS, rule: OWNER_RULE, rate: "write" },
  {
    method: "post",
    path: "/courses/{course}/working-copy/writers",
    operationId: "noteWriting",
    tags: TAGS,
    summary: "Say that one has the working copy open, for a minute; learn who else has, and its revision",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: courseParam },
    responses: {
      200: {
        description: "The working copy's revision, and who else has it open.",
        content: json(
          z
            .object({
              ...stampFields,
              others: z.array(
                z.object({ user_id: z.string(), name: z.string().nullable(), since: z.string(), seen_at: z.string() }),
              ),
            })
            .openapi("Writers"),
        ),
      },
    },
  },
);

const previewRoute = defineRoute(
  {
    roles: MANAGERS,
    rule: OWNER_RULE,
    maxBody: MAX_DOCUMENT_BYTES,
    rate: "write",
    refuses: ["invalid_course"],
  },
  {
    method: "post",
    path: "/courses/{course}/preview",
    operationId: "previewCourse",
    tags: TAGS,
    summary: "Check a document, and see it as a made-up learner would; nothing is stored",
    middleware: [refusing(IDEMPOTENCY_REFUSALS, every(refuseDeepNesting, idempotent("harmless")))],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              document: courseDocumentSchema,
              learner: z
                .strictObject({
                  completed: z.array(itemIdSchema).max(MAX_ITEMS).default([]),
                  cohorts: z.array(cohortNameSchema).max(MAX_COHORTS).default([]),
                })
                .prefault({}),
            })
            .openapi("PreviewRequest"),
        ),
      },
    },
    responses: {
      200: {
        description: "The document has no errors.",
        content: json(
          z
            .object({
              chapters: z.int(),
              problems: z.int(),
              warnings: z.array(findingSchema),
              items: z.array(
                z.object({
                  item: z.string(),
                  state: z.enum(["hidden", "locked", "unlocked", "started", "completed"]),
                  needs: z.array(z.object({ on: z.string(), code: z.string() })).openapi({
                    description: "What it waits for at the beginning. Only of chapters and problems outside of them.",
                  }),
                }),
              ),
            })
            .openapi("CoursePreview"),
        ),
      },
    },
  },
);

/** What an author's page needs while a course is being written. */
export function studioRoutes() {
  return newRouter()
    .openapi(readRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const { stamp, text } = await readWorkingCopy(directory(c.env), slug);
      return c.json({ ...stamp, text }, 200, { "cache-control": "no-store" });
    })
    .openapi(saveRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const { text, revision, base_version } = c.req.valid("json");
      const saved = await saveWorkingCopy(directory(c.env), slug, {
        text,
        from: revision,
        base: base_version,
        save: claimOf(c)?.effect ?? crypto.randomUUID(),
        user: actorOf(c).id,
        now: Date.now(),
      });
      return saved.ok ? c.json(saved.value, 200) : respond(c, saved.refusal);
    })
    .openapi(writingRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      return c.json(await noteWriting(directory(c.env), slug, actorOf(c).id, Date.now()), 200);
    })
    .openapi(
      previewRoute,
      async (c) => {
        const { course: slug } = c.req.valid("param");
        const managed = await managedCourse(c, slug);
        if (!managed.ok) return respond(c, managed.refusal);
        const { document, learner } = c.req.valid("json");
        const now = Date.now();
        const checked = await checkDocument(slug, document, now);
        if (!checked.ok) return respond(c, checked.refusal);
        const { outline, warnings } = checked.value;
        const counts = { chapters: outline.chapters.length, problems: outline.problems.length };
        return c.json({ ...counts, warnings, items: previewOf(outline, learner, now) }, 200);
      },
      (result, c) => (result.success ? undefined : refuseWholeDocument(c, result.target, result.error)),
    );
}
