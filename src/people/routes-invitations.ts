import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../audit/index.ts";
import { fetchCourse, loadProgram } from "../courses/index.ts";
import { callEnrollment, loadEnrolling } from "../enrollment/index.ts";
import { addMail, publicOrigin, sendMailsSoon, sendsMail } from "../mail/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { courseSlugSchema, enrollmentId } from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { inLanguage } from "../platform/text.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { courseFor, courseParam, json, MANAGE_RULE, TAGS } from "./common.ts";
import { invitationIn, MAX_TOKEN, tokenFor } from "./links.ts";
import { entryOfCourse } from "./members.ts";
import { applicantOf, MAX_COHORTS } from "./routes-people.ts";
import {
  countUses,
  invitationFor,
  invitationsOf,
  makeInvitation,
  noteUse,
  revokeInvitation,
  servingNow,
  takeBackUse,
} from "./statements.ts";

const DAY_MS = 86_400_000;
/** Links of one course that serve at a time. */
const MAX_SERVING = 100;
const MAX_DAYS = 365;
const MAX_USES = 10_000;
/** Mails of one request; each is one statement of its batch. */
const MAX_EMAILS = 100;
/** Longest address that can be delivered to (RFC 5321 section 4.5.3.1.3). */
const MAX_EMAIL = 254;
const NO_MAIL = refuse("not_enabled", { detail: "This installation sends no mail. Send the link yourself." });

const invitationView = z
  .object({
    id: z.string(),
    token: z.string().openapi({ description: "What the link ends with: `/invite/<token>` of the pages." }),
    cohorts: z.array(z.string()),
    max_uses: z.int(),
    uses: z.int(),
    created_at: z.string(),
    expires_at: z.string(),
    revoked_at: z.string().nullable(),
  })
  .openapi("Invitation");
const listRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE },
  {
    method: "get",
    path: "/courses/{course}/invitations",
    operationId: "listInvitations",
    tags: TAGS,
    summary: "The links of a course, the newest first; those that ended stay for 30 days",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of links.", content: json(pageSchema(invitationView)) } },
  },
);
const makeRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", refuses: ["people_limit", "not_enabled"] },
  {
    method: "post",
    path: "/courses/{course}/invitations",
    operationId: "createInvitation",
    tags: TAGS,
    summary: "Make a link by which people enroll themselves, also where the course is closed to them otherwise",
    middleware: [idempotent("never")],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      query: z.object({ lang: languageQuery }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              cohorts: z.array(cohortNameSchema).max(MAX_COHORTS).default([]).describe("Of whoever comes by it."),
              max_uses: z.int().min(1).max(MAX_USES).default(50),
              emails: z
                .array(z.email().max(MAX_EMAIL).toLowerCase())
                .max(MAX_EMAILS)
                .default([])
                .describe("Who gets the link by mail."),
              days: z.int().min(1).max(MAX_DAYS).default(14).describe("After so many days it ends."),
            })
            .openapi("NewInvitation"),
        ),
      },
    },
    responses: { 201: { description: "Made.", content: json(invitationView) } },
  },
);
const revokeRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write" },
  {
    method: "delete",
    path: "/courses/{course}/invitations/{id}",
    operationId: "revokeInvitation",
    tags: TAGS,
    summary: "End a link at once; who came by it stays",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: z.object({ course: courseSlugSchema, id: z.string().regex(/^[0-9a-f]{32}$/, "32 hex digits") }),
    },
    responses: {
      200: {
        description: "It serves no more. `changed`: whether it did before.",
        content: json(z.object({ id: z.string(), changed: z.boolean() }).openapi("InvitationRevoked")),
      },
    },
  },
);
const tokenBody = {
  required: true,
  content: json(z.strictObject({ token: z.string().min(1).max(MAX_TOKEN) }).openapi("InvitationToken")),
};
const seeRoute = defineRoute(
  { roles: "public", rule: "The token says which course.", rate: "write", refuses: ["invitation_invalid"] },
  {
    method: "post",
    path: "/invitations/look-up",
    operationId: "lookUpInvitation",
    tags: TAGS,
    summary: "What a link invites to, for whoever has it",
    request: { query: z.object({ lang: languageQuery }), body: tokenBody },
    responses: {
      200: {
        description: "The course it invites to.",
        content: json(
          z.object({ course: z.string(), title: z.string(), expires_at: z.string() }).openapi("InvitationSeen"),
        ),
      },
    },
  },
);
const acceptRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: "Enrolls the caller, who has the link.",
    rate: "write",
    refuses: ["invitation_invalid", "course_unpublished", "user_not_found", "not_enrolled", "shards_full"],
  },
  {
    method: "post",
    path: "/invitations/accept",
    operationId: "acceptInvitation",
    tags: TAGS,
    summary: "Enroll by a link; a second time changes nothing and takes no second use",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, body: tokenBody },
    responses: {
      200: {
        description: "Enrolled, now or before.",
        content: json(z.object({ course: z.string(), created: z.boolean() }).openapi("InvitationAccepted")),
      },
    },
  },
);

interface InvitationRow {
  id: string;
  cohorts: string;
  max_uses: number;
  uses: number;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}
interface Serving {
  course_slug: string;
  cohorts: string;
  max_uses: number;
  uses: number;
  expires_at: number;
  revoked_at: number | null;
  is_used: number;
}

const cohortsIn = (text: string) => z.array(z.string()).parse(JSON.parse(text));

/** How people come by themselves: links. */
export function invitationRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { slug } = course.value;
      const found = await paginate(
        acceptedSecrets(c.env),
        `invitations ${slug}`,
        c.req.valid("query"),
        async (after, take) => {
          const [before = String(Number.MAX_SAFE_INTEGER), id = ""] = after?.split(" ") ?? [];
          const { results } = await invitationsOf(
            directory(c.env),
            slug,
            Number(before),
            id,
            take,
          ).all<InvitationRow>();
          return results;
        },
        ({ created_at, id }) => `${created_at} ${id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = await Promise.all(found.value.page.map((row) => viewOf(c, row)));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(makeRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { slug } = course.value;
      const { cohorts, max_uses, days, emails } = c.req.valid("json");
      const base = publicOrigin(c.env, c.req.url);
      if (emails.length > 0 && (base === null || !sendsMail(c.env))) return respond(c, NO_MAIL.refusal);
      const now = Date.now();
      const row: InvitationRow = {
        id: crypto.randomUUID().replaceAll("-", ""),
        cohorts: JSON.stringify([...new Set(cohorts)]),
        max_uses,
        uses: 0,
        created_at: now,
        expires_at: now + days * DAY_MS,
        revoked_at: null,
      };
      const db = directory(c.env);
      const serving = await servingNow(db, slug, now).first<{ serving: number }>();
      if ((serving?.serving ?? 0) >= MAX_SERVING) {
        return respond(c, refuse("people_limit", { detail: `At most ${MAX_SERVING} links serve at a time.` }).refusal);
      }
      const mail = {
        user: null,
        kind: "invite" as const,
        language: languageOf(c),
        details: { base: base ?? "", name: "", title: emails.length === 0 ? "" : await titleOf(c, slug), link: row.id },
        expires: row.expires_at,
      };
      await db.batch([
        makeInvitation(db, row.id, slug, row.cohorts, max_uses, now, row.expires_at),
        entryOfCourse(c, "invitation.created", slug),
        ...[...new Set(emails)].map((address) => addMail(db, { ...mail, address }, now)),
      ]);
      nudgeAudit(c);
      if (emails.length > 0) sendMailsSoon(c);
      return c.json(await viewOf(c, row), 201);
    })
    .openapi(revokeRoute, async (c) => {
      const { course: slug, id } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const db = directory(c.env);
      const serving = await invitationFor(db, id, "").first<Serving>();
      if (serving === null || serving.course_slug !== slug || serving.revoked_at !== null) {
        return c.json({ id, changed: false }, 200);
      }
      await db.batch([revokeInvitation(db, id, slug, Date.now()), entryOfCourse(c, "invitation.revoked", slug)]);
      nudgeAudit(c);
      return c.json({ id, changed: true }, 200);
    })
    .openapi(seeRoute, async (c) => {
      const found = await servingOf(c, c.req.valid("json").token, "");
      if (!found.ok) return respond(c, found.refusal);
      const { course_slug: slug, expires_at } = found.value;
      return c.json({ course: slug, title: await titleOf(c, slug), expires_at: toInstant(expires_at) }, 200);
    })
    .openapi(acceptRoute, async (c) => {
      const actor = actorOf(c);
      const found = await servingOf(c, c.req.valid("json").token, actor.id);
      if (!found.ok) return respond(c, found.refusal);
      const { id, course_slug: slug, cohorts, is_used } = found.value;
      const course = await fetchCourse(databaseOf(c), slug);
      if (course?.pointer == null) return respond(c, refuse("course_unpublished").refusal);
      const db = directory(c.env);
      if (is_used === 0) {
        const [noted] = await db.batch([noteUse(db, id, actor.id, Date.now()), countUses(db, id)]);
        // It was used up, or ended, a moment ago; or the same person comes twice at once.
        const now = await invitationFor(db, id, actor.id).first<Serving>();
        if ((noted?.meta.changes ?? 0) === 0 && now?.is_used !== 1) return respond(c, NOT_SERVING.refusal);
      }
      const enrolled = await enrollBy(c, { slug, pointer: course.pointer }, cohortsIn(cohorts));
      if (!enrolled.ok) {
        if (is_used === 0) await db.batch([takeBackUse(db, id, actor.id), countUses(db, id)]);
        return respond(c, enrolled.refusal);
      }
      return c.json({ course: slug, created: enrolled.value.created }, 200);
    });
}

/** The title of a course as it is published, in the language of the request. */
async function titleOf(c: AppContext, slug: string): Promise<string> {
  const course = await fetchCourse(databaseOf(c), slug);
  const program = course?.pointer == null ? null : await loadProgram(databaseOf(c), slug, course.pointer.version);
  return program === null ? slug : inLanguage(program.outline.title, languageOf(c));
}

/** Enrolls the caller. Whoever is there already keeps their cohorts and gets those of the link beside. */
async function enrollBy(
  c: AppContext,
  course: { slug: string; pointer: NonNullable<Awaited<ReturnType<typeof fetchCourse>>>["pointer"] & object },
  cohorts: string[],
) {
  const actor = { ...actorOf(c), request_id: c.get("requestId") };
  const there = await callEnrollment(c.env, enrollmentId(course.slug, actor.id), (stub) => stub.inspect());
  if (!there.ok && there.refusal.code !== "not_enrolled") return there;
  const before = there.ok ? there.value.cohorts : [];
  const all = [...new Set([...before, ...cohorts])].slice(0, MAX_COHORTS);
  const { enroll } = await loadEnrolling();
  return enroll(c.env, c.get("queries"), course, applicantOf(actor.id, cohorts.length === 0 ? null : all), actor);
}

const NOT_SERVING = refuse("invitation_invalid");

/** The invitation of a token, while it serves; for whoever came by it before it also serves when it is used up. */
async function servingOf(c: AppContext, token: string, user: string): Promise<Result<Serving & { id: string }>> {
  const id = await invitationIn(acceptedSecrets(c.env), token);
  if (id === null) return NOT_SERVING;
  const row = await invitationFor(directory(c.env), id, user).first<Serving>();
  if (row === null || row.revoked_at !== null || row.expires_at <= Date.now()) return NOT_SERVING;
  if (row.is_used === 0 && row.uses >= row.max_uses) return NOT_SERVING;
  return ok({ ...row, id });
}

async function viewOf(c: AppContext, row: InvitationRow) {
  return {
    ...row,
    token: await tokenFor(c.env.AUTH_SECRET, row.id),
    cohorts: cohortsIn(row.cohorts),
    created_at: toInstant(row.created_at),
    expires_at: toInstant(row.expires_at),
    revoked_at: toInstantOrNull(row.revoked_at),
  };
}
