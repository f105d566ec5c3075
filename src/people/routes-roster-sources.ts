import { z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { nudgeAudit } from "../audit/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { broken } from "../platform/http/field-errors.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { addressFault } from "../platform/http/outbound.ts";
import { pageSchema } from "../platform/http/pagination.ts";
import { courseSlugSchema } from "../platform/ids.ts";
import { type FieldError, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { seal } from "../platform/sealed.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { courseFor, courseParam, json, MANAGE_RULE, TAGS } from "./common.ts";
import { entryOfCourse } from "./members.ts";
import { secretPlace } from "./rosters/job.ts";
import { MAX_SOURCES } from "./rosters/limits.ts";
import { nextNight } from "./rosters/nightly.ts";
import { ROSTER_FORMATS, SOURCE_KINDS, settingsSchema } from "./rosters/shapes.ts";
import { findSource, lastRun } from "./rosters/store.ts";
import { sourceNameSchema, sourceView, viewSource } from "./rosters/views.ts";
import { dropSource, dropSourceGrants, dropSourcePeople, dropSourcePlans, setSource } from "./statements.ts";
import { rosterSources } from "./tables.ts";

const MAX_ADDRESS = 1_000;
const MAX_TOKEN = 2_000;
/** A key below the course's folder of the bucket: no part of it leads out. */
const BUCKET_KEY = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._/-]{1,200}$/;
const params = z.object({ course: courseSlugSchema, source: sourceNameSchema });

const sourceBody = z
  .strictObject({
    kind: z.enum(SOURCE_KINDS).describe("Files are sent; fetched from an https address; or read from the bucket."),
    format: z.enum(ROSTER_FORMATS),
    address: z
      .string()
      .min(1)
      .max(MAX_ADDRESS)
      .nullable()
      .default(null)
      .describe("https: the address. bucket: the key below rosters/inbox/<course>/ of the bucket of documents."),
    token: z
      .string()
      .min(1)
      .max(MAX_TOKEN)
      .regex(/^[\x21-\x7e]+$/, "printable ASCII without blanks")
      .nullable()
      .optional()
      .describe(
        "Sent to the address as a bearer token. Stored encrypted, never shown. Left out: stays; null: removed.",
      ),
    hour: z.int().min(0).max(23).nullable().default(null).describe("Runs by itself each day in this hour, UTC."),
    settings: settingsSchema.prefault({}),
  })
  .refine(({ kind, address }) => (kind === "upload") === (address === null), {
    path: ["address"],
    ...broken("only_with_kind", "https and bucket need an address, upload takes none"),
  })
  .refine(({ kind, hour }) => kind !== "upload" || hour === null, {
    path: ["hour"],
    ...broken("only_with_kind", "a file that is sent has no hour"),
  })
  .refine(({ kind, token }) => kind === "https" || token == null, {
    path: ["token"],
    ...broken("only_with_kind", "only an https address takes a token"),
  });

const listRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE },
  {
    method: "get",
    path: "/courses/{course}/roster/sources",
    operationId: "listRosterSources",
    tags: TAGS,
    summary: "Where rosters of a course come from, and how the last run of each ended",
    request: { params: courseParam },
    responses: { 200: { description: "All of them.", content: json(pageSchema(sourceView)) } },
  },
);
const setRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", maxBody: 200_000, refuses: ["people_limit"] },
  {
    method: "put",
    path: "/courses/{course}/roster/sources/{source}",
    operationId: "setRosterSource",
    tags: TAGS,
    summary: "Make or change a source of rosters; nobody is enrolled by that",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params,
      body: { required: true, content: json(sourceBody.openapi("RosterSourceRequest")) },
    },
    responses: { 200: { description: "The source.", content: json(sourceView) } },
  },
);
const removeRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, rate: "write", refuses: ["concurrent_change"] },
  {
    method: "delete",
    path: "/courses/{course}/roster/sources/{source}",
    operationId: "removeRosterSource",
    tags: TAGS,
    summary: "Remove a source of rosters; everybody it brought stays as they are",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params },
    responses: {
      200: {
        description: "Removed. `changed`: whether it was there before.",
        content: json(z.object({ name: z.string(), changed: z.boolean() }).openapi("RosterSourceRemoved")),
      },
    },
  },
);

/** Where rosters come from. */
export function rosterSourceRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { slug } = course.value;
      const db = databaseOf(c);
      const rows = await db
        .select()
        .from(rosterSources)
        .where(eq(rosterSources.course_slug, slug))
        .orderBy(rosterSources.name)
        .all();
      const results = await Promise.all(rows.map(async (row) => viewSource(row, await lastRun(db, slug, row.name))));
      return c.json({ results, next_cursor: null }, 200);
    })
    .openapi(setRoute, async (c) => {
      const { course: slug, source: name } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { kind, format, address, token, hour, settings } = c.req.valid("json");
      const errors = addressErrors(kind, address);
      if (errors.length > 0) return respond(c, refuse("invalid_input", { errors }).refusal);
      const db = databaseOf(c);
      const before = await findSource(db, slug, name);
      const place = secretPlace({ course_slug: slug, name });
      const isElsewhere = before !== null && (before.kind !== kind || originOf(before.address) !== originOf(address));
      // A token goes to the server it was set for, never to another that somebody else enters later.
      const kept = isElsewhere ? null : (before?.secret ?? null);
      const secret =
        token === undefined ? kept : token === null ? null : await seal(acceptedSecrets(c.env), place, token);
      const { id: owner, role } = actorOf(c);
      const now = Date.now();
      const due_at = nextNight({ course_slug: slug, name, hour }, now);
      const set = await directory(c.env).batch([
        setSource(
          directory(c.env),
          slug,
          name,
          kind,
          format,
          address,
          secret,
          hour,
          JSON.stringify(settings),
          owner,
          role,
          due_at,
          now,
          MAX_SOURCES,
        ),
        entryOfCourse(c, "roster.source_set", slug),
      ]);
      const isFull = (set[0]?.meta.changes ?? 0) === 0;
      nudgeAudit(c);
      const row = await findSource(db, slug, name);
      if (isFull || row === null) {
        return respond(
          c,
          refuse("people_limit", { detail: `A course has at most ${MAX_SOURCES} sources of rosters.` }).refusal,
        );
      }
      return c.json(viewSource(row, await lastRun(db, slug, name)), 200);
    })
    .openapi(removeRoute, async (c) => {
      const { course: slug, source: name } = c.req.valid("param");
      const course = await courseFor(c, slug, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const db = databaseOf(c);
      const before = await findSource(db, slug, name);
      if (before === null) return c.json({ name, changed: false }, 200);
      const last = await lastRun(db, slug, name);
      if (last !== null && ["queued", "reading", "confirmed", "applying"].includes(last.state)) {
        return respond(
          c,
          refuse("concurrent_change", { detail: "A run of this source is under way.", retry_after: 5 }).refusal,
        );
      }
      const directoryDb = directory(c.env);
      await directoryDb.batch([
        dropSource(directoryDb, slug, name),
        dropSourcePeople(directoryDb, slug, name),
        dropSourceGrants(directoryDb, slug, name),
        dropSourcePlans(directoryDb, slug, name),
        entryOfCourse(c, "roster.source_removed", slug),
      ]);
      nudgeAudit(c);
      return c.json({ name, changed: true }, 200);
    });
}

function addressErrors(kind: (typeof SOURCE_KINDS)[number], address: string | null): FieldError[] {
  if (address === null) return [];
  if (kind === "bucket") {
    const message = "A key has letters, digits and any of . _ - /, and no part . or ..";
    return BUCKET_KEY.test(address) ? [] : [{ path: "address", rule: "invalid_key", message }];
  }
  const fault = addressFault(address);
  return fault === null ? [] : [{ path: "address", ...fault }];
}

function originOf(address: string | null): string | null {
  return address === null ? null : (URL.parse(address)?.origin ?? address);
}
