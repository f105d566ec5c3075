import { nudgeAudit } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";

import type { AppContext } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { ok, type Result } from "../../platform/results.ts";
import {
  etagOf,
  isOtherVersion,
  isWanted,
  listOf,
  listSchema,
  locationOf,
  placeSoon,
  refused,
  resourceSchema,
  SCIM_ERRORS,
  scimAnswer,
  scimJson,
  viewUser,
  type Wanted,
} from "./answers.ts";
import type { UserDoc } from "./attributes.ts";
import { askingOf, BY_DIRECTORY, body, listQuery, OTHER_VERSION, pageOf, params, TAGS, wantedQuery } from "./common.ts";
import { readFilter, scimFault, type Terms } from "./filter.ts";
import { patchUser, readOperations } from "./patch.ts";
import {
  countScimUsers,
  groupsOfScimUser,
  scimUser,
  scimUserByEmail,
  scimUserByExternal,
  scimUserByName,
  scimUsers,
} from "./statements.ts";
import type { ScimUserRow } from "./tables.ts";
import { changeScimPerson, createScimUser, docOf, dropScimPerson, findScimUser, readDoc } from "./users.ts";

const MAX_BODY = 100_000;
/** Groups shown of one person. */
const MAX_GROUPS = 500;
const PATH = "/scim/v2/Users";
const ONE = { ...SCIM_ERRORS, 200: { description: "The person.", content: scimJson(resourceSchema) } };
const REFUSES = ["user_not_found", "user_exists", "forbidden", "concurrent_change"] as const;

const listRoute = defineRoute(BY_DIRECTORY, {
  method: "get",
  path: PATH,
  operationId: "listScimUsers",
  tags: TAGS,
  summary: "People of the directory (SCIM 2.0), or those a filter finds",
  request: { query: listQuery },
  responses: { ...SCIM_ERRORS, 200: { description: "A page.", content: scimJson(listSchema) } },
});
const createRoute = defineRoute(
  { ...BY_DIRECTORY, rate: "write", maxBody: MAX_BODY, refuses: REFUSES },
  {
    method: "post",
    path: PATH,
    operationId: "createScimUser",
    tags: TAGS,
    summary: "A person comes (SCIM 2.0): they get an account, or the directory speaks of theirs from now on",
    request: { body },
    responses: { ...SCIM_ERRORS, 201: { description: "Created.", content: scimJson(resourceSchema) } },
  },
);
const readRoute = defineRoute(
  { ...BY_DIRECTORY, refuses: REFUSES },
  {
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getScimUser",
    tags: TAGS,
    summary: "Read a person of the directory (SCIM 2.0)",
    request: { params, query: wantedQuery },
    responses: ONE,
  },
);
const replaceRoute = defineRoute(
  { ...BY_DIRECTORY, rate: "write", maxBody: MAX_BODY, refuses: REFUSES },
  {
    method: "put",
    path: `${PATH}/{id}`,
    operationId: "replaceScimUser",
    tags: TAGS,
    summary: "Replace a person of the directory (SCIM 2.0); with active false, their account is closed",
    request: { params, body },
    responses: ONE,
  },
);
const patchRoute = defineRoute(
  { ...BY_DIRECTORY, rate: "write", maxBody: MAX_BODY, refuses: REFUSES },
  {
    method: "patch",
    path: `${PATH}/{id}`,
    operationId: "patchScimUser",
    tags: TAGS,
    summary: "Change a person of the directory (SCIM 2.0); with active false, their account is closed",
    request: { params, body },
    responses: ONE,
  },
);
const dropRoute = defineRoute(
  { ...BY_DIRECTORY, rate: "write", refuses: REFUSES },
  {
    method: "delete",
    path: `${PATH}/{id}`,
    operationId: "deleteScimUser",
    tags: TAGS,
    summary: "A person goes (SCIM 2.0): their account is closed, and not erased",
    request: { params },
    responses: { ...SCIM_ERRORS, 204: { description: "The directory speaks of them no more." } },
  },
);

/** People of a directory. */
export function scimUserRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const query = c.req.valid("query");
      const { startIndex, count } = pageOf(query);
      if (query.filter === undefined) {
        const db = directory(c.env);
        const total = (await countScimUsers(db).first<{ total: number }>())?.total ?? 0;
        const { results } = await scimUsers(db, count, startIndex - 1).all<ScimUserRow>();
        return scimAnswer(
          listOf(
            results.map((row) => viewUser(c, row, query)),
            total,
            startIndex,
          ),
        );
      }
      const found = await findUsers(c.env, query.filter);
      if (!found.ok) return refused(c, found.refusal);
      const page = found.value.slice(startIndex - 1, startIndex - 1 + count);
      return scimAnswer(
        listOf(
          page.map((row) => viewUser(c, row, query)),
          found.value.length,
          startIndex,
        ),
      );
    })
    .openapi(createRoute, async (c) => {
      const created = await createScimUser(await askingOf(c), c.req.valid("json"));
      nudgeAudit(c);
      if (!created.ok) return refused(c, created.refusal);
      const headers = { etag: etagOf(created.value), location: locationOf(c, "Users", created.value.user_id) };
      return scimAnswer(viewUser(c, created.value, {}), 201, headers);
    })
    .openapi(readRoute, async (c) => {
      const found = await findScimUser(c.env, c.req.valid("param").id);
      return found.ok ? show(c, found.value, c.req.valid("query")) : refused(c, found.refusal);
    })
    .openapi(replaceRoute, async (c) => {
      // What is sent is looked at first: whoever sends nonsense is told so, whomever it is about.
      const doc = readDoc(c.req.valid("json"));
      if (!doc.ok) return refused(c, doc.refusal);
      const found = await findScimUser(c.env, c.req.valid("param").id);
      return found.ok ? change(c, found.value, doc.value) : refused(c, found.refusal);
    })
    .openapi(patchRoute, async (c) => {
      const operations = readOperations(c.req.valid("json"));
      if (!operations.ok) return refused(c, operations.refusal);
      const found = await findScimUser(c.env, c.req.valid("param").id);
      if (!found.ok) return refused(c, found.refusal);
      const patched = patchUser(docOf(found.value), operations.value);
      return patched.ok ? change(c, found.value, patched.value) : refused(c, patched.refusal);
    })
    .openapi(dropRoute, async (c) => {
      const found = await findScimUser(c.env, c.req.valid("param").id);
      if (!found.ok) return refused(c, found.refusal);
      if (isOtherVersion(c, found.value)) return refused(c, OTHER_VERSION.refusal);
      const dropped = await dropScimPerson(await askingOf(c), found.value);
      nudgeAudit(c);
      if (!dropped.ok) return refused(c, dropped.refusal);
      placeSoon(c);
      return c.body(null, 204);
    });
}

async function change(c: AppContext, row: ScimUserRow, doc: unknown) {
  if (isOtherVersion(c, row)) return refused(c, OTHER_VERSION.refusal);
  const changed = await changeScimPerson(await askingOf(c), row, doc);
  nudgeAudit(c);
  return changed.ok ? show(c, changed.value, {}) : refused(c, changed.refusal);
}

async function show(c: AppContext, row: ScimUserRow, wanted: Wanted) {
  const groups = isWanted("groups", wanted)
    ? (await groupsOfScimUser(directory(c.env), row.user_id, MAX_GROUPS).all<{ id: string; name: string }>()).results
    : null;
  return scimAnswer(viewUser(c, row, wanted, groups), 200, { etag: etagOf(row) });
}

const FILTERED = ["id", "userName", "externalId", "emails.value", "emails.type", "emails.primary", "active"];

/** Whom a filter finds: by the first attribute that an index knows, of those whom the others fit. */
async function findUsers(env: Env, text: string): Promise<Result<ScimUserRow[]>> {
  const terms = readFilter(text, FILTERED);
  if (!terms.ok) return terms;
  const db = directory(env);
  const [id, name, external, email] = FILTERED.map((attribute) => terms.value.get(attribute));
  const statement =
    id !== undefined
      ? scimUser(db, id)
      : name !== undefined
        ? scimUserByName(db, name.toLowerCase())
        : external !== undefined
          ? scimUserByExternal(db, external)
          : email !== undefined
            ? scimUserByEmail(db, email.toLowerCase())
            : null;
  if (statement === null)
    return scimFault("invalidFilter", "Ask for a userName, externalId, id or address beside active.");
  const { results } = await statement.all<ScimUserRow>();
  return ok(
    results.filter(
      (row) =>
        (name === undefined || row.user_name === name.toLowerCase()) &&
        (external === undefined || row.external_id === external) &&
        (email === undefined || (docOf(row).emails ?? []).some((one) => isAsked(one, email, terms.value))) &&
        (terms.value.get("active") ?? String(row.active === 1)) === String(row.active === 1),
    ),
  );
}

/** What stands in brackets is about one address (RFC 7644, section 3.4.2.2). */
function isAsked(
  { value, type, primary = false }: NonNullable<UserDoc["emails"]>[number],
  email: string,
  terms: Terms,
): boolean {
  const [asked, first] = [terms.get("emails.type"), terms.get("emails.primary")];
  if (asked !== undefined && asked !== type) return false;
  return value.toLowerCase() === email.toLowerCase() && (first === undefined || first === String(primary));
}
