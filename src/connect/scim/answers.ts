import { z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { type PassedOn, passOn, respond } from "../../platform/http/answers.ts";
import type { AppContext, AppEnv } from "../../platform/http/context.ts";
import { toInstant } from "../../platform/instants.ts";
import { logFault } from "../../platform/log.ts";
import type { Refusal } from "../../platform/results.ts";
import { placeDue } from "../groups/sync.ts";
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from "./attributes.ts";
import { noteDone, noteRefused } from "./notes.ts";
import type { ScimGroupRow, ScimUserRow } from "./tables.ts";
import { docOf } from "./users.ts";

const MEDIA_TYPE = "application/scim+json";
const ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/** Rules of refusals that RFC 7644, section 3.12, knows. */
const TYPES: readonly string[] = [
  ...["invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget"],
  ...["invalidValue", "invalidVers", "sensitive"],
];

export const scimJson = <T extends z.ZodType>(schema: T) => ({ [MEDIA_TYPE]: { schema } });
export const resourceSchema = z.looseObject({ schemas: z.array(z.string()) }).openapi("ScimResource");
export const listSchema = z
  .object({
    schemas: z.array(z.string()),
    totalResults: z.int(),
    startIndex: z.int(),
    itemsPerPage: z.int(),
    Resources: z.array(resourceSchema),
  })
  .openapi("ScimList");
const errorSchema = z
  .object({
    schemas: z.array(z.string()),
    status: z.string(),
    scimType: z.string().optional(),
    detail: z.string(),
    code: z.string().openapi({ description: "As in problem documents: docs/developers/errors.md." }),
    errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .openapi("ScimError");

const failure = { description: "An error in the form of RFC 7644, section 3.12.", content: scimJson(errorSchema) };
/** Every answer that is an error: directories read no problem documents. */
export const SCIM_ERRORS = {
  400: failure,
  401: failure,
  403: failure,
  404: failure,
  409: failure,
  412: failure,
  413: failure,
  415: failure,
  429: failure,
  503: failure,
} as const;

const problemSchema = z.looseObject({
  status: z.int(),
  title: z.string(),
  code: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
  request_id: z.string(),
});

/** Turns problem documents into errors of SCIM, and notes for the operator's page how the directory's writes went. */
export const asScim: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const isWrite = c.req.method !== "GET";
  if (c.res.headers.get("content-type")?.startsWith("application/problem+json") !== true) {
    if (isWrite && c.res.ok) noteDone(c);
    return;
  }
  const { status, title, code, detail, errors, request_id } = problemSchema.parse(await c.res.json());
  const [first] = errors ?? [];
  const where = first === undefined || first.path === "" ? "" : ` (${first.path})`;
  // A version that was demanded is not that of the resource any more.
  const answered = code === "concurrent_change" && c.req.header("if-match") !== undefined ? 412 : status;
  const rule = code === "user_exists" ? "uniqueness" : TYPES.includes(first?.rule ?? "") ? first?.rule : undefined;
  const scimType =
    rule ?? (answered === 400 ? (code === "malformed_json" ? "invalidSyntax" : "invalidValue") : undefined);
  const said = (detail ?? first?.message ?? title) + where;
  const body = { schemas: [ERROR_SCHEMA], status: String(answered), scimType, detail: said, code, errors, request_id };
  const headers = new Headers(c.res.headers);
  headers.set("content-type", MEDIA_TYPE);
  headers.delete("content-length");
  c.res = undefined;
  c.res = new Response(JSON.stringify(body), { status: answered, headers });
  // Looking for who is not there yet is how every directory begins.
  if (c.get("actor") !== null && answered !== 404 && (isWrite || answered !== 401)) {
    noteRefused(c, `${c.req.method} ${answered} ${scimType ?? code}: ${said}`);
  }
};

/** People looked at beside the answer; the cron does the rest within minutes. */
const SOON = 20;

export function placeSoon(c: AppContext): void {
  const placed = placeDue(c.env, Date.now(), SOON);
  c.executionCtx.waitUntil(placed.catch((fault: unknown) => logFault("places_not_given", fault)));
}

/** A refusal, which {@link asScim} turns into an error of SCIM. */
export function refused(c: AppContext, refusal: Refusal): PassedOn {
  return passOn(respond(c, refusal));
}

export function scimAnswer(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): PassedOn {
  const text = JSON.stringify(body);
  return passOn(
    new Response(text, { status, headers: { "content-type": MEDIA_TYPE, "cache-control": "no-store", ...headers } }),
  );
}

/** Which attributes are wanted (RFC 7644, section 3.9): the whole ones, by their first name. */
export interface Wanted {
  attributes?: string | undefined;
  excludedAttributes?: string | undefined;
}

const firstNames = (list: string) => list.split(",").map((name) => name.trim().split(".")[0]?.toLowerCase() ?? "");

export function isWanted(name: string, { attributes, excludedAttributes }: Wanted): boolean {
  if (name === "id" || name === "schemas") return true;
  if (attributes !== undefined) return firstNames(attributes).includes(name.toLowerCase());
  return excludedAttributes === undefined || !firstNames(excludedAttributes).includes(name.toLowerCase());
}

function only(resource: object, wanted: Wanted): object {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => isWanted(name, wanted)));
}

export const etagOf = ({ version }: { version: number }) => `W/"${version}"`;

export function locationOf(c: AppContext, kind: "Users" | "Groups", id: string): string {
  return `${new URL(c.req.url).origin}/api/v1/scim/v2/${kind}/${encodeURIComponent(id)}`;
}

const metaOf = (kind: string, row: ScimUserRow | ScimGroupRow, location: string) => ({
  resourceType: kind,
  created: toInstant(row.created_at),
  lastModified: toInstant(row.updated_at),
  version: etagOf(row),
  location,
});

/** Somebody as directories see them. @param groups null: not looked up. */
export function viewUser(
  c: AppContext,
  row: ScimUserRow,
  wanted: Wanted,
  groups: readonly { id: string; name: string }[] | null = null,
): object {
  const doc = docOf(row);
  const schemas = [USER_SCHEMA, ...(doc[ENTERPRISE_SCHEMA] === undefined ? [] : [ENTERPRISE_SCHEMA])];
  const meta = metaOf("User", row, locationOf(c, "Users", row.user_id));
  const listed = groups?.map(({ id, name }) => ({ value: id, display: name, $ref: locationOf(c, "Groups", id) }));
  return only({ schemas, id: row.user_id, ...doc, ...(listed === undefined ? {} : { groups: listed }), meta }, wanted);
}

/** A group as directories see it. @param members null: not looked up. */
export function viewGroup(c: AppContext, row: ScimGroupRow, wanted: Wanted, members: readonly string[] | null): object {
  const external = row.external_id === null ? {} : { externalId: row.external_id };
  const listed = members?.map((value) => ({ value, type: "User" }));
  const meta = metaOf("Group", row, locationOf(c, "Groups", row.id));
  const group = { schemas: [GROUP_SCHEMA], id: row.id, displayName: row.name, ...external };
  return only({ ...group, ...(listed === undefined ? {} : { members: listed }), meta }, wanted);
}

export function listOf(resources: readonly object[], total: number, startIndex: number): object {
  return {
    schemas: [LIST_SCHEMA],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}

/** Whether a write is for another version than the one there is (RFC 7644, section 3.14). */
export function isOtherVersion(c: AppContext, row: { version: number }): boolean {
  const demanded = c.req.header("if-match");
  return demanded !== undefined && !namesVersion(demanded, row);
}

/** Whether whoever asks has the version there is. */
export function isKnownVersion(c: AppContext, row: { version: number }): boolean {
  const known = c.req.header("if-none-match");
  return known !== undefined && namesVersion(known, row);
}

/** One version, several, or any (RFC 9110, section 13.1). */
function namesVersion(header: string, row: { version: number }): boolean {
  const named = header.split(",").map((one) => one.trim());
  return named.includes("*") || named.includes(etagOf(row));
}
