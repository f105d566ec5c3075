import { z } from "@hono/zod-openapi";
import { findCourse } from "../courses/index.ts";
import { loadAgenda } from "../enrollment/index.ts";
import { erasedAmong, standsNow } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { namesTag } from "../platform/http/etag.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { readOnce } from "../platform/late.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import type { AgendaItem } from "../unlock/index.ts";
import { type CalendarEntry, calendarEntries, calendarEntrySchema } from "./calendar.ts";
import { courseParam, json, OWN_REFUSALS, OWN_RULE, originOf, TAGS, titleIn } from "./common.ts";
import { dropFeed, feedBySecret, feedOf, noteTold, setFeed } from "./statements.ts";

/** Random bytes of a secret: 256 bits cannot be guessed, so a fast hash is enough to store it. */
const SECRET_BYTES = 32;
const FILE = /^[A-Za-z0-9_-]{43}\.ics$/;
/** Characters of the hash at the end of the names of a learner's events. */
const KEY_LENGTH = 16;
/** Its library is loaded when a calendar is requested. */
const readCalendarText = readOnce(async () => (await import("./calendar-text.ts")).calendarText);

const addressView = z
  .object({
    address: z.string().openapi({
      description: "For a calendar program. Whoever has it reads these due dates, so keep it secret. It is shown once.",
    }),
    created_at: z.string(),
  })
  .openapi("CalendarAddress");
const makeRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE, rate: "write", refuses: OWN_REFUSALS },
  {
    method: "put",
    path: "/courses/{course}/calendar",
    operationId: "createCalendar",
    tags: TAGS,
    summary: "Make an address for your due dates of a course; the address before it ends",
    request: { params: courseParam },
    responses: { 200: { description: "The new address.", content: json(addressView) } },
  },
);
const seeRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE },
  {
    method: "get",
    path: "/courses/{course}/calendar",
    operationId: "getCalendar",
    tags: TAGS,
    summary: "Whether your due dates of a course have an address",
    request: { params: courseParam },
    responses: {
      200: {
        description: "`created_at` is null where there is none.",
        content: json(z.object({ created_at: z.string().nullable() }).openapi("Calendar")),
      },
    },
  },
);
const endRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE, rate: "write" },
  {
    method: "delete",
    path: "/courses/{course}/calendar",
    operationId: "endCalendar",
    tags: TAGS,
    summary: "End the address of your due dates of a course at once",
    request: { params: courseParam },
    responses: {
      200: {
        description: "There is none now. `changed`: whether there was one.",
        content: json(z.object({ changed: z.boolean() }).openapi("CalendarEnded")),
      },
    },
  },
);
const readRoute = defineRoute(
  { roles: "public", rule: "The address has a secret of the learner.", refuses: ["not_found", "course_unpublished"] },
  {
    method: "get",
    path: "/calendars/{file}",
    operationId: "readCalendar",
    tags: TAGS,
    summary: "Due dates of one learner in one course as a calendar (RFC 5545), for calendar programs",
    request: {
      params: z.object({ file: z.string().regex(FILE, "43 characters and .ics") }),
      query: z.object({ lang: languageQuery }),
    },
    responses: {
      200: { description: "The calendar.", content: { "text/calendar": { schema: z.string() } } },
      304: { description: "Not modified since the ETag that was sent." },
    },
  },
);

interface FeedRow {
  user_id: string;
  course_slug: string;
  entries: string;
  revision: number;
  title: string;
}

/** Due dates for calendar programs. */
export function calendarRoutes() {
  return newRouter()
    .openapi(makeRoute, async (c) => {
      const { course } = c.req.valid("param");
      const { id } = actorOf(c);
      const { readAgenda } = await loadAgenda();
      // The caller is named as the learner, so that staff who are enrolled get the dates of a learner.
      const read = await readAgenda(c, course, { learner: id });
      if (!read.ok) return respond(c, read.refusal);
      const db = directory(c.env);
      if ((await erasedAmong(db, [id])).size > 0) return respond(c, refuse("not_enrolled").refusal);
      const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
      const secret = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
      const now = Date.now();
      await setFeed(db, await hashOf(secret), id, course, now).run();
      const address = `${originOf(c.req.url)}/api/v1/calendars/${secret}.ics`;
      return c.json({ address, created_at: toInstant(now) }, 200, { "cache-control": "no-store" });
    })
    .openapi(seeRoute, async (c) => {
      const { course } = c.req.valid("param");
      const row = await feedOf(directory(c.env), actorOf(c).id, course).first<{ created_at: number }>();
      return c.json({ created_at: toInstantOrNull(row?.created_at ?? null) }, 200, { "cache-control": "no-store" });
    })
    .openapi(endRoute, async (c) => {
      const { course } = c.req.valid("param");
      const { meta } = await dropFeed(directory(c.env), actorOf(c).id, course).run();
      return c.json({ changed: meta.changes > 0 }, 200);
    })
    .openapi(readRoute, async (c) => {
      const { file } = c.req.valid("param");
      const text = await feedText(c, await hashOf(file.slice(0, -".ics".length)));
      return text.ok ? passOn(await sendCalendar(c, text.value)) : respond(c, text.refusal);
    });
}

async function sendCalendar(c: AppContext, text: string): Promise<Response> {
  const etag = `"${(await hashOf(text)).slice(0, 32)}"`;
  const headers = { etag, "cache-control": "private, no-cache", "content-type": "text/calendar; charset=utf-8" };
  if (namesTag(c.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers: { ...headers, "content-disposition": 'inline; filename="due.ics"' } });
}

/** The calendar of an address, updated to now. */
async function feedText(c: AppContext, hash: string): Promise<Result<string>> {
  const db = directory(c.env);
  const feed = await feedBySecret(db, hash).first<FeedRow>();
  if (feed === null) return refuse("not_found");
  const { user_id: user, course_slug: slug } = feed;
  const now = Date.now();
  // A suspended or removed account has no calendar either.
  const token = { session: null, role: "learner", issued_at: Math.floor(now / 1_000) } as const;
  const stands = await standsNow(c.env, user, token);
  if (!stands.ok) return stands.refusal.code === "unavailable" ? stands : refuse("not_found");
  const language = languageOf(c);
  const items = await datedItems(c, slug, user, language);
  if (!items.ok) return items;
  const known = calendarEntrySchema.array().parse(JSON.parse(feed.entries));
  const entries = calendarEntries(items.value, known, now);
  if (!sameEntries(entries, known)) await noteTold(db, hash, JSON.stringify(entries), feed.revision).run();
  const calendarText = await readCalendarText();
  const origin = originOf(c.req.url);
  return ok(
    calendarText({
      course: slug,
      title: titleIn(feed.title, language),
      language,
      key: (await hashOf(`${slug}:${user}`)).slice(0, KEY_LENGTH),
      entries,
      titles: new Map(items.value.map((item) => [item.id, item.title])),
      pageOf: (item) => pageOf(origin, slug, items.value, item),
    }),
  );
}

/** The address of an item's page. */
function pageOf(origin: string, course: string, items: readonly AgendaItem[], item: string): string {
  const name = item.slice(item.indexOf(".") + 1);
  const isChapter = items.find(({ id }) => id === item)?.kind === "chapter";
  return `${origin}/courses/${course}/${isChapter ? "chapters" : "problems"}/${name}`;
}

/** The items that the learner sees; empty if the learner has left the course. */
async function datedItems(c: AppContext, slug: string, user: string, language: "en" | "zh") {
  const course = await findCourse(() => databaseOf(c), slug);
  if (course === null) return refuse("not_found");
  if (course.pointer === null) return refuse("course_unpublished");
  const { agendaOfLearner } = await loadAgenda();
  const read = await agendaOfLearner(c, course, user, language);
  if (read.ok) return ok(read.value.agenda.items);
  return read.refusal.code === "not_enrolled" ? ok([]) : read;
}

function sameEntries(a: readonly CalendarEntry[], b: readonly CalendarEntry[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}

async function hashOf(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
