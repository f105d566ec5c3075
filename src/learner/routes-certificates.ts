import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit } from "../audit/index.ts";
import { findCourse, findCourseForWrite, isSecret, may } from "../courses/index.ts";
import { loadAgenda } from "../enrollment/index.ts";
import { erasedAmong } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { languageOf, languageQuery } from "../platform/http/language.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { courseSlugSchema, userIdSchema } from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import type { Language } from "../platform/text.ts";
import { courseParam, json, OWN_REFUSALS, OWN_RULE, originOf, TAGS, titleIn } from "./common.ts";
import { badgeOf, type Certificate, LIST_BITS, statusListOf } from "./credential.ts";
import { signCredential } from "./signing.ts";
import {
  certificateById,
  certificateOf,
  certificatesOf,
  issueCertificate,
  numberReached,
  revokeCertificate,
  revokedNumbers,
} from "./statements.ts";

const ID_BYTES = 16;
const idSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/, "22 characters of base64url");
/** A verifier may keep the list of revoked certificates for this many seconds. */
const LIST_SECONDS = 300;
/** Lists are counted from 0; there will never be a million of them. */
const LIST_NUMBER = /^(?:0|[1-9][0-9]{0,5})$/;
const VC_JWT = "application/vc+jwt";

const commonFields = {
  id: z.string(),
  status: z.enum(["valid", "revoked"]),
  course: z.string(),
  title: z.string().openapi({ description: "Of the course, as it was when the certificate was issued." }),
  holder: z.string().openapi({ description: "The learner's name, as it was then." }),
  issued_at: z.string(),
  revoked_at: z.string().nullable(),
};
const publicView = z.object({ ...commonFields, address: z.string() }).openapi("Certificate");
const staffView = z
  .object({ ...commonFields, user_id: z.string(), reason: z.string().nullable() })
  .openapi("IssuedCertificate");
const ownRoute = defineRoute(
  { roles: PEOPLE, rule: OWN_RULE, refuses: OWN_REFUSALS },
  {
    method: "get",
    path: "/courses/{course}/certificate",
    operationId: "getOwnCertificate",
    tags: TAGS,
    summary: "Your certificate of a course; it is issued once, when you have met what the course asks for it",
    request: { params: courseParam, query: z.object({ lang: languageQuery }) },
    responses: {
      200: {
        description: "Null as long as there is none.",
        content: json(z.object({ certificate: z.union([publicView, z.null()]) }).openapi("OwnCertificate")),
      },
    },
  },
);
const publicRoute = defineRoute(
  {
    roles: "public",
    rule: "Whoever has the address.",
    refuses: ["certificate_not_found", "certificate_gone"],
  },
  {
    method: "get",
    path: "/certificates/{id}",
    operationId: "getCertificate",
    tags: TAGS,
    summary: "A certificate, for anybody who wants to check it",
    request: { params: z.object({ id: idSchema }), query: z.object({ lang: languageQuery }) },
    responses: { 200: { description: "The certificate.", content: json(publicView) } },
  },
);
const credentialRoute = defineRoute(
  {
    roles: "public",
    rule: "Whoever has the address.",
    refuses: ["certificate_not_found", "certificate_gone"],
  },
  {
    method: "get",
    path: "/certificates/{id}/credential",
    operationId: "getCredential",
    tags: TAGS,
    summary: "A certificate as an Open Badges 3.0 credential, signed as a JWT (VC-JWT)",
    request: { params: z.object({ id: idSchema }), query: z.object({ lang: languageQuery }) },
    responses: {
      200: {
        description: "The JWT. Its key is at /.well-known/jwks.json.",
        content: { [VC_JWT]: { schema: z.string() } },
      },
    },
  },
);
/**
 * Not coerced: otherwise an empty value would mean the first list, and the description of the API would call the
 * parameter optional.
 */
const listNumber = z.string().regex(LIST_NUMBER, "a number of at most six digits").transform(Number);
const statusRoute = defineRoute(
  { roles: "public", rule: "Everybody.", refuses: ["certificate_not_found"] },
  {
    method: "get",
    path: "/certificates/status/{list}",
    operationId: "getStatusList",
    tags: TAGS,
    summary: "Which certificates were revoked, as a signed bitstring status list",
    request: { params: z.object({ list: listNumber }) },
    responses: { 200: { description: "The JWT.", content: { [VC_JWT]: { schema: z.string() } } } },
  },
);
const STAFF_RULE = "Staff of the course: its owner, co-authors and graders; admins.";
const listRoute = defineRoute(
  { roles: PEOPLE, rule: STAFF_RULE, refuses: ["course_unpublished", "not_enrolled"] },
  {
    method: "get",
    path: "/courses/{course}/certificates",
    operationId: "listCertificates",
    tags: TAGS,
    summary: "Certificates of a course that learners have looked at, the first issued first",
    request: {
      params: courseParam,
      query: z.object({
        ...pageQuery,
        lang: languageQuery,
        user_id: userIdSchema.optional().openapi({
          description: "Only that of one learner; if it is earned, it is issued now.",
        }),
      }),
    },
    responses: { 200: { description: "A page.", content: json(pageSchema(staffView)) } },
  },
);
const revokeRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: "The owner of the course and its co-authors; admins.",
    rate: "write",
    refuses: ["certificate_not_found"],
  },
  {
    method: "post",
    path: "/courses/{course}/certificates/{id}/revoke",
    operationId: "revokeCertificate",
    tags: TAGS,
    summary: "Revoke a certificate for good; its page and the public list say so at once",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: z.object({ course: courseSlugSchema, id: idSchema }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              reason: z
                .string()
                .trim()
                .min(1)
                .max(500)
                .describe("For staff. The page of the certificate does not show it."),
            })
            .openapi("Revocation"),
        ),
      },
    },
    responses: {
      200: {
        description: "It is revoked. `changed`: whether it was not before.",
        content: json(z.object({ id: z.string(), changed: z.boolean() }).openapi("CertificateRevoked")),
      },
    },
  },
);

/** Certificates: a learner's own, those of a course, and the public ones. */
export function certificateRoutes() {
  return newRouter()
    .openapi(ownRoute, async (c) => {
      const { course } = c.req.valid("param");
      const issued = await certificateFor(c, course, actorOf(c).id);
      if (!issued.ok) return respond(c, issued.refusal);
      const certificate = issued.value === null ? null : shown(issued.value, languageOf(c), originOf(c.req.url));
      return c.json({ certificate }, 200, { "cache-control": "private, no-store" });
    })
    .openapi(statusRoute, async (c) => {
      const { list } = c.req.valid("param");
      const from = list * LIST_BITS;
      // The first list exists before the first certificate; a later one exists when a number reaches it.
      if (list > 0 && (await numberReached(directory(c.env), from).first()) === null)
        return respond(c, refuse("certificate_not_found", { detail: "No certificate is in this list yet." }).refusal);
      const { results } = await revokedNumbers(directory(c.env), from, from + LIST_BITS).all<{ number: number }>();
      const origin = originOf(c.req.url);
      const numbers = results.map(({ number }) => number - from);
      const credential = statusListOf(list, numbers, origin, Date.now());
      return passOn(jwtAnswer(await signCredential(c.env, credential, origin), `public, max-age=${LIST_SECONDS}`));
    })
    .openapi(publicRoute, async (c) => {
      const found = await publicCertificate(c, c.req.valid("param").id);
      if (!found.ok) return respond(c, found.refusal);
      return c.json(shown(found.value, languageOf(c), originOf(c.req.url)), 200, NOT_INDEXED);
    })
    .openapi(credentialRoute, async (c) => {
      const found = await publicCertificate(c, c.req.valid("param").id);
      if (!found.ok) return respond(c, found.refusal);
      const origin = originOf(c.req.url);
      const badge = badgeOf(found.value, origin, titleIn(found.value.title, languageOf(c)));
      return passOn(jwtAnswer(await signCredential(c.env, badge, origin), "no-store"));
    })
    .openapi(listRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      c.get("facts").course_id = slug;
      const course = await findCourse(() => databaseOf(c), slug);
      if (course === null) return respond(c, refuse("course_not_found").refusal);
      if (!may(actorOf(c), "read", course)) return respond(c, notAllowed(isSecret(course)).refusal);
      const language = languageOf(c);
      const { user_id: user } = c.req.valid("query");
      if (user !== undefined) {
        const issued = await certificateFor(c, slug, user);
        // A user who is not in the course, or has earned nothing yet, has none.
        const isOutside = !issued.ok && ["not_enrolled", "course_unpublished"].includes(issued.refusal.code);
        if (!issued.ok && !isOutside) return respond(c, issued.refusal);
        const row = issued.ok ? issued.value : null;
        return c.json({ results: row === null ? [] : [forStaff(row, language)], next_cursor: null }, 200);
      }
      const found = await paginate(
        acceptedSecrets(c.env),
        `certificates ${slug}`,
        c.req.valid("query"),
        async (after, take) =>
          (await certificatesOf(directory(c.env), slug, Number(after ?? 0), take).all<Certificate>()).results,
        ({ number }) => String(number),
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((row) => forStaff(row, language));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(revokeRoute, async (c) => {
      const { course: slug, id } = c.req.valid("param");
      const { reason } = c.req.valid("json");
      c.get("facts").course_id = slug;
      const course = await findCourseForWrite(() => databaseOf(c), slug);
      if (course === null) return respond(c, refuse("course_not_found").refusal);
      if (!may(actorOf(c), "manage", course)) {
        const isHidden = isSecret(course) && !may(actorOf(c), "read", course);
        return respond(c, notAllowed(isHidden).refusal);
      }
      const db = directory(c.env);
      const row = await certificateById(db, id).first<Certificate>();
      if (row === null || row.course_slug !== slug || row.user_id === null) {
        return respond(c, refuse("certificate_not_found").refusal);
      }
      if (row.revoked_at !== null) return c.json({ id, changed: false }, 200);
      const entry = {
        action: "certificate.revoked",
        actor: actorOf(c),
        target: { type: "user", id: row.user_id },
        course: slug,
        request_id: c.get("requestId"),
      } as const;
      const now = Date.now();
      await db.batch([revokeCertificate(db, id, slug, now, reason), addAuditEntryStatement(db, entry, now)]);
      nudgeAudit(c);
      return c.json({ id, changed: true }, 200);
    });
}

const NOT_INDEXED = { "cache-control": "no-store", "x-robots-tag": "noindex" };

function jwtAnswer(jwt: string, cache: string): Response {
  return new Response(jwt, { headers: { ...NOT_INDEXED, "content-type": VC_JWT, "cache-control": cache } });
}

function notAllowed(isHidden: boolean): Result<never> & { ok: false } {
  return isHidden ? refuse("course_not_found") : refuse("forbidden", { detail: STAFF_RULE });
}

/** A learner's certificate. It is issued when it is first requested after it was earned. */
async function certificateFor(c: AppContext, course: string, user: string): Promise<Result<Certificate | null>> {
  const db = directory(c.env);
  const known = await certificateOf(db, user, course).first<Certificate>();
  // It stays, also after the learner has left the course.
  if (known !== null) return ok(known);
  const { readAgenda } = await loadAgenda();
  const read = await readAgenda(c, course, { learner: user });
  if (!read.ok) return read;
  const { certified_at } = read.value.agenda;
  if (certified_at === null) return ok(null);
  if ((await erasedAmong(db, [user])).size > 0) return refuse("not_enrolled");
  const id = crypto.getRandomValues(new Uint8Array(ID_BYTES)).toBase64({ alphabet: "base64url", omitPadding: true });
  await issueCertificate(db, id, user, course, certified_at).run();
  return ok(await certificateOf(db, user, course).first<Certificate>());
}

async function publicCertificate(c: AppContext, id: string): Promise<Result<Certificate>> {
  const row = await certificateById(directory(c.env), id).first<Certificate>();
  if (row === null) return refuse("certificate_not_found");
  return row.user_id === null ? refuse("certificate_gone") : ok(row);
}

function fieldsOf({ id, course_slug, title, holder, issued_at, revoked_at }: Certificate, language: Language) {
  return {
    id,
    status: revoked_at === null ? ("valid" as const) : ("revoked" as const),
    course: course_slug,
    title: titleIn(title, language),
    holder,
    issued_at: toInstant(issued_at),
    revoked_at: toInstantOrNull(revoked_at),
  };
}

function forStaff(certificate: Certificate, language: Language) {
  const { user_id, reason } = certificate;
  return { ...fieldsOf(certificate, language), user_id: user_id ?? "", reason };
}

function shown(certificate: Certificate, language: Language, origin: string) {
  return { ...fieldsOf(certificate, language), address: `${origin}/certificates/${certificate.id}` };
}
