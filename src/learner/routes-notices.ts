import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit } from "../audit/index.ts";
import { findCourseForWrite, isSecret, may } from "../courses/index.ts";
import { isConcealed, loadAgenda } from "../enrollment/index.ts";
import { erasedAmong } from "../identity/index.ts";
import { learnerNews } from "../mirror/index.ts";
import { directory, forCourse } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { languageQuery } from "../platform/http/language.ts";
import { enrollmentId, userIdSchema } from "../platform/ids.ts";
import { instantSchema, toInstant, toInstantOrNull } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { courseParam, json, OWN_REFUSALS, OWN_RULE, TAGS } from "./common.ts";
import { MAX_NOTICES, NOTICE_KINDS, noticesOf } from "./notices.ts";
import { enrolledAmong } from "./recipients.ts";
import { markNoticesRead, messagesTo, noticesReadAt, sendMessage } from "./statements.ts";

/** The limit of learners for one message. */
const MAX_RECIPIENTS = 50;
const MAX_TEXT = 2_000;

const noticeView = z
  .object({
    id: z.string(),
    kind: z.enum(NOTICE_KINDS),
    at: z.string(),
    items: z.array(z.object({ id: z.string(), title: z.string() })),
    text: z.string().nullable().openapi({ description: "Of a message." }),
    is_read: z.boolean(),
  })
  .openapi("Notice");
const listRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE, refuses: OWN_REFUSALS },
  {
    method: "get",
    path: "/courses/{course}/notices",
    operationId: "listNotices",
    tags: TAGS,
    summary: `What is new for you in a course: what opened, was graded, is due soon, and messages; the latest ${MAX_NOTICES}`,
    request: { params: courseParam, query: z.object({ lang: languageQuery }) },
    responses: {
      200: {
        description: "The latest first.",
        content: json(
          z
            .object({ results: z.array(noticeView), unread: z.int(), read_at: z.string().nullable() })
            .openapi("Notices"),
        ),
      },
    },
  },
);
const readRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE, rate: "write" },
  {
    method: "put",
    path: "/courses/{course}/notices/read",
    operationId: "markNoticesRead",
    tags: TAGS,
    summary: "Notices up to an instant are read, on every device",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(
          z
            .strictObject({ until: instantSchema.describe("The newest notice that was shown. Not later than now.") })
            .openapi("NoticesSeen"),
        ),
      },
    },
    responses: {
      200: { description: "Noted.", content: json(z.object({ read_at: z.string() }).openapi("NoticesRead")) },
    },
  },
);
const sendRoute = defineRoute(
  { roles: PEOPLE, rule: "Staff of the course: its owner, co-authors and graders; admins.", rate: "write" },
  {
    method: "post",
    path: "/courses/{course}/messages",
    operationId: "sendMessages",
    tags: TAGS,
    summary: `Tell one learner of a course something, or up to ${MAX_RECIPIENTS}; they find it among their notices`,
    middleware: [idempotent("never")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              user_ids: z.array(userIdSchema).min(1).max(MAX_RECIPIENTS),
              text: z.string().trim().min(1).max(MAX_TEXT),
            })
            .openapi("NewMessage"),
        ),
      },
    },
    responses: {
      200: {
        description: "What became of each learner's.",
        content: json(
          z
            .object({
              results: z.array(z.object({ user_id: z.string(), outcome: z.enum(["sent", "not_enrolled"]) })),
            })
            .openapi("MessagesSent"),
        ),
      },
    },
  },
);

interface MessageRow {
  id: string;
  text: string;
  sent_at: number;
}

/** News for a learner, and messages of staff. */
export function noticeRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const { course } = c.req.valid("param");
      const { id: user } = actorOf(c);
      const { readAgenda } = await loadAgenda();
      const read = await readAgenda(c, course, { learner: user });
      if (!read.ok) return respond(c, read.refusal);
      const db = directory(c.env);
      const shard = await forCourse(c.env, course);
      const [news, messages, mark] = await Promise.all([
        learnerNews(shard, enrollmentId(course, user), MAX_NOTICES),
        messagesTo(db, user, course, MAX_NOTICES).all<MessageRow>(),
        noticesReadAt(db, user, course).first<{ read_at: number }>(),
      ]);
      const told = messages.results.map(({ id, text, sent_at }) => ({ id, text, at: sent_at }));
      const sources = { agenda: read.value.agenda.items, ...news, messages: told };
      const readAt = mark?.read_at ?? null;
      const results = noticesOf(sources, Date.now()).map((notice) => ({
        ...notice,
        at: toInstant(notice.at),
        is_read: readAt !== null && notice.at <= readAt,
      }));
      const unread = results.filter(({ is_read }) => !is_read).length;
      return c.json({ results, unread, read_at: toInstantOrNull(readAt) }, 200, {
        "cache-control": "private, no-store",
      });
    })
    .openapi(readRoute, async (c) => {
      const { course } = c.req.valid("param");
      const { id: user } = actorOf(c);
      // Everything that comes later is unread, whatever a clock says.
      const at = Math.min(Date.parse(c.req.valid("json").until), Date.now());
      const db = directory(c.env);
      const entry = await findCourseForWrite(() => databaseOf(c), course);
      if (entry === null || (await isConcealed(c, entry))) return respond(c, refuse("course_not_found").refusal);
      if ((await erasedAmong(db, [user])).size > 0)
        return respond(c, refuse("forbidden", { detail: "Your account is being erased." }).refusal);
      await markNoticesRead(db, user, course, at).run();
      const row = await noticesReadAt(db, user, course).first<{ read_at: number }>();
      return c.json({ read_at: toInstant(row?.read_at ?? at) }, 200);
    })
    .openapi(sendRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const { user_ids, text } = c.req.valid("json");
      c.get("facts").course_id = slug;
      const course = await findCourseForWrite(() => databaseOf(c), slug);
      if (course === null) return respond(c, refuse("course_not_found").refusal);
      const actor = actorOf(c);
      if (!may(actor, "read", course)) {
        return respond(c, refuse(isSecret(course) ? "course_not_found" : "forbidden").refusal);
      }
      const users = [...new Set(user_ids)];
      const db = directory(c.env);
      const enrolled = await enrolledAmong(await forCourse(c.env, slug), slug, users);
      const now = Date.now();
      const to = users.filter((user) => enrolled.has(user));
      if (to.length > 0) {
        await db.batch(
          to.flatMap((user) => [
            sendMessage(db, crypto.randomUUID(), user, slug, actor.id, text, now),
            addAuditEntryStatement(
              db,
              {
                action: "learner.messaged",
                actor,
                target: { type: "user", id: user },
                course: slug,
                request_id: c.get("requestId"),
              },
              now,
            ),
          ]),
        );
        nudgeAudit(c);
      }
      const results = users.map((user_id) => ({
        user_id,
        outcome: enrolled.has(user_id) ? ("sent" as const) : ("not_enrolled" as const),
      }));
      return c.json({ results }, 200);
    });
}
