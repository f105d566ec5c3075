import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { findCourse, type ItemShown, loadProgram, questionView, viewQuestion } from "../../courses/index.ts";
import { LOCKED, permitByPass, snapshotSchema } from "../../mirror/index.ts";
import { isMoved } from "../../platform/database/shards.ts";
import { passOn, respond } from "../../platform/http/answers.ts";
import { type AppContext, type AppEnv, actorOf, databaseOf, databasesOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { namesTag } from "../../platform/http/etag.ts";
import { languageOf, languageQuery } from "../../platform/http/language.ts";
import { courseOfItem, courseSlugSchema, enrollmentId, itemIdSchema } from "../../platform/ids.ts";
import { toInstantOrNull } from "../../platform/instants.ts";
import { logFault } from "../../platform/log.ts";
import { ok, refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { inLanguage } from "../../platform/text.ts";
import { concealed, permitItem, readUnlocks, UNLOCK_READ_REFUSALS } from "../reads.ts";
import { STAFF, STAFF_RULE, staffCourse } from "../staff.ts";
import { checkPass } from "./check.ts";
import { isOpenIn, MAX_PASS_LENGTH } from "./format.ts";
import { issuePass } from "./issue.ts";
import { passKeys } from "./keys.ts";
import { itemsDigest } from "./order.ts";
import { REVOKED_AGE_MS, readRevoked, revokedIn } from "./revoked.ts";
import { shownOf } from "./texts.ts";

const TAGS = ["passes"];
/** A verifier may keep the keys for this many seconds. If a pass has an unknown key, it asks again at once. */
const KEYS_SECONDS = 300;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const courseParam = z.object({ course: courseSlugSchema });

const passRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Own enrollment only.",
    refuses: ["course_not_found", "course_unpublished", "not_enrolled"],
  },
  {
    method: "get",
    path: "/courses/{course}/pass",
    operationId: "getPass",
    tags: TAGS,
    summary: "A signed statement of what you may open for the next minutes",
    request: { params: courseParam },
    responses: {
      200: {
        description: "The pass: at most 5 minutes, never past a date of the course.",
        content: json(
          z
            .object({
              pass: z.string().openapi({ description: "COSE_Sign1 in base64url, at most 1,024 characters." }),
              issued_at: z.string(),
              valid_until: z.string(),
              items_digest: z.string(),
              snapshot: snapshotSchema,
            })
            .openapi("Pass"),
        ),
      },
    },
  },
);
const revokedRoute = defineRoute(
  { roles: STAFF, scope: "read", rule: STAFF_RULE, refuses: ["course_not_found"] },
  {
    method: "get",
    path: "/courses/{course}/pass/revoked",
    operationId: "listRevokedPasses",
    tags: TAGS,
    summary: "Passes that were revoked before they end",
    request: { params: courseParam },
    responses: {
      200: {
        description:
          "Revocations within the last minutes. You may cache the list for the seconds that Cache-Control says.",
        content: json(
          z
            .object({
              issued_before: z
                .string()
                .nullable()
                .openapi({ description: "Every pass issued before this instant is revoked." }),
              learners: z
                .array(z.object({ subject: z.string(), before_version: z.int() }))
                .openapi({ description: "Passes of this learner with a lower snapshot version are revoked." }),
            })
            .openapi("RevokedPasses"),
        ),
      },
    },
  },
);
const orderRoute = defineRoute(
  {
    roles: STAFF,
    scope: "read",
    rule: "Authors: own courses only. The order names drafts, so learners do not see it.",
    refuses: ["course_not_found", "version_not_found"],
  },
  {
    method: "get",
    path: "/courses/{course}/versions/{version}/items",
    operationId: "listItemOrder",
    tags: TAGS,
    summary: "The items of a version in the order of a pass's bits",
    request: {
      params: z.object({ course: courseSlugSchema, version: z.coerce.number().int().min(1).max(1_000_000_000) }),
    },
    responses: {
      200: {
        description: "It never changes.",
        content: json(z.object({ items_digest: z.string(), items: z.array(z.string()) }).openapi("ItemOrder")),
      },
      304: { description: "Not modified: the caller's copy with this ETag is current." },
    },
  },
);
const contentRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    rule: "A locked item is 403. With a pass: items that were open when it was issued, unless something was locked since.",
    refuses: [...UNLOCK_READ_REFUSALS, "pass_refused", LOCKED],
  },
  {
    method: "get",
    path: "/courses/{course}/items/{item}/content",
    operationId: "getContent",
    tags: TAGS,
    summary: "The content of an item, and nothing else",
    request: {
      params: z.object({ course: courseSlugSchema, item: itemIdSchema }),
      query: z.object({ lang: languageQuery }),
      headers: z.object({
        "x-latchkey-pass": z.string().min(1).max(MAX_PASS_LENGTH).optional().openapi({
          description: "The pass decides, and the enrollment object is not asked. Own passes only.",
        }),
      }),
    },
    responses: {
      200: {
        description: "The text.",
        content: json(
          z
            .object({
              id: z.string(),
              content: z.string().nullable(),
              question: questionView.nullable(),
              course_version: z.int(),
              decided_by: z.enum(["rules", "pass"]),
            })
            .openapi("ItemContent"),
        ),
      },
    },
  },
);

export function passRoutes() {
  return newRouter()
    .openapi(passRoute, async (c) => {
      const { course } = c.req.valid("param");
      const answer = await passFor(c, course);
      return answer.ok ? c.json(answer.value, 200, { "cache-control": "no-store" }) : respond(c, answer.refusal);
    })
    .openapi(revokedRoute, async (c) => {
      const { course } = c.req.valid("param");
      const staff = await staffCourse(c, course);
      if (!staff.ok) return respond(c, staff.refusal);
      const { issued_before, before_version } = await readRevoked(databasesOf(c), course, Date.now());
      const learners = [...before_version].map(([subject, version]) => ({ subject, before_version: version }));
      const headers = { "cache-control": `private, max-age=${REVOKED_AGE_MS / 1_000}` };
      return c.json({ issued_before: toInstantOrNull(issued_before), learners }, 200, headers);
    })
    .openapi(orderRoute, async (c) => {
      const { course, version } = c.req.valid("param");
      const staff = await staffCourse(c, course);
      if (!staff.ok) return respond(c, staff.refusal);
      const program = await loadProgram(databaseOf(c), course, version);
      if (program === null) return respond(c, refuse("version_not_found").refusal);
      const items_digest = (await itemsDigest(program, version)).toHex();
      const headers = { etag: `"${items_digest}"`, "cache-control": "private, max-age=31536000, immutable" };
      if (namesTag(c.req.header("if-none-match"), headers.etag)) return c.body(null, 304, headers);
      return c.json({ items_digest, items: [...program.ids] }, 200, headers);
    })
    .openapi(contentRoute, async (c) => {
      const { course, item } = c.req.valid("param");
      if (courseOfItem(item) !== course) return respond(c, refuse("item_not_found").refusal);
      const pass = c.req.valid("header")["x-latchkey-pass"];
      try {
        const found = pass === undefined ? await permitItem(c, course, item) : await permitShown(c, course, item, pass);
        if (!found.ok) return respond(c, found.refusal);
        const shown = await shownOf(() => databaseOf(c), found.value);
        return passOn(contentAnswer(c, item, shown, found.value.version, pass === undefined ? "rules" : "pass"));
      } catch (fault) {
        // D1 has the texts and the revoked passes. If it is not known whether a pass is revoked, it opens nothing.
        if (isMoved(fault)) throw fault;
        logFault("content_unreachable", fault, { course_id: course });
        return respond(c, UNREACHABLE.refusal);
      }
    });
}

function contentAnswer(
  c: AppContext,
  id: string,
  { text, question }: ItemShown,
  course_version: number,
  decided_by: "rules" | "pass",
): Response {
  const content = text === null ? null : inLanguage(text, languageOf(c));
  const asked = question === null ? null : viewQuestion(question, languageOf(c), `${actorOf(c).id} ${id}`);
  return c.json({ id, content, question: asked, course_version, decided_by }, 200, {
    "cache-control": "private, no-store",
  });
}

async function passFor(c: AppContext, course: string) {
  const { id } = actorOf(c);
  const asked = Date.now();
  // The caller is named as the learner, so that staff who are enrolled get their own pass as a learner.
  const read = await readUnlocks(c, course, { kind: "open" }, { learner: id });
  if (!read.ok) return read.refusal.code === "item_not_found" ? LATER : read;
  const { snapshot } = read.value;
  const isOwn = snapshot.source === "snapshot" || snapshot.source === "recomputed";
  // Data from D1 may be from before a lock, and data that is known to be behind is not signed.
  if (read.value.unchanged || !isOwn || snapshot.stale_since !== undefined) return LATER;
  const { content } = read.value;
  const program = await loadProgram(databaseOf(c), course, snapshot.course_version);
  if (program === null || content.kind !== "body") return LATER;
  const open = content.body;
  const issued = await issuePass(c.env, { enrollment: enrollmentId(course, id), program, snapshot, open, asked });
  return issued === null ? LATER : ok({ ...issued, snapshot });
}

const LATER = refuse("unavailable", { detail: "No pass can be issued right now. Ask without a pass.", retry_after: 1 });

const UNREACHABLE = refuse("unavailable", {
  detail: "The content of the item cannot be read right now.",
  retry_after: 1,
});

async function permitShown(c: AppContext, course: string, item: string, text: string) {
  const now = Date.now();
  const entry = await findCourse(() => databaseOf(c), course);
  if (entry === null || entry.pointer === null) return refuse("course_not_found");
  const { version } = entry.pointer;
  const revoked = await revokedIn(() => databasesOf(c), course, now);
  const shown = await checkPass(c.env, enrollmentId(course, actorOf(c).id), text, revoked, now);
  if (!shown.ok) return concealed(c, entry, shown);
  const program = await loadProgram(databaseOf(c), course, version);
  const index = program?.indexOf.get(item);
  if (program === null || index === undefined) return refuse("item_not_found");
  const isOrder = (await itemsDigest(program, version)).toHex() === shown.value.items_digest.toHex();
  const said = { isOpen: isOpenIn(shown.value.open, index), version: isOrder ? version : shown.value.course_version };
  return permitByPass({ course, item }, said, version);
}

/** Adds the public keys of passes, for everybody. */
export function mountPassKeys(app: OpenAPIHono<AppEnv>): void {
  app.get("/.well-known/jwks.json", async (c) => {
    const keys = (await passKeys(c.env)).map(({ jwk }) => jwk);
    return c.json({ keys }, 200, {
      "cache-control": `public, max-age=${KEYS_SECONDS}`,
      "access-control-allow-origin": "*",
    });
  });
}
