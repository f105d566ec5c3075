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
  viewGroup,
  type Wanted,
} from "./answers.ts";
import { BY_DIRECTORY, body, listQuery, OTHER_VERSION, pageOf, params, TAGS, wantedQuery } from "./common.ts";
import { readFilter, scimFault } from "./filter.ts";
import {
  createScimGroup,
  dropGroup,
  findScimGroup,
  membersOf,
  patchScimGroup,
  readGroup,
  replaceScimGroup,
} from "./groups.ts";
import { readOperations } from "./patch.ts";
import {
  countScimGroups,
  isMember,
  scimGroup,
  scimGroupByExternal,
  scimGroupByName,
  scimGroups,
} from "./statements.ts";
import type { ScimGroupRow } from "./tables.ts";

/** Fifty thousand members with what directories write beside them. */
const MAX_BODY = 8 * 1_024 * 1_024;
const PATH = "/scim/v2/Groups";
const ONE = { ...SCIM_ERRORS, 200: { description: "The group.", content: scimJson(resourceSchema) } };
const REFUSES = ["not_found", "user_exists", "concurrent_change"] as const;
const WRITES = { ...BY_DIRECTORY, rate: "write", maxBody: MAX_BODY, refuses: REFUSES } as const;

const listRoute = defineRoute(BY_DIRECTORY, {
  method: "get",
  path: PATH,
  operationId: "listScimGroups",
  tags: TAGS,
  summary: "Groups of the directory without their members (SCIM 2.0), or those a filter finds",
  request: { query: listQuery },
  responses: { ...SCIM_ERRORS, 200: { description: "A page.", content: scimJson(listSchema) } },
});
const createRoute = defineRoute(WRITES, {
  method: "post",
  path: PATH,
  operationId: "createScimGroup",
  tags: TAGS,
  summary: "A group comes (SCIM 2.0); what it means in courses, an admin says",
  request: { body },
  responses: { ...SCIM_ERRORS, 201: { description: "Created.", content: scimJson(resourceSchema) } },
});
const readRoute = defineRoute(
  { ...BY_DIRECTORY, refuses: REFUSES },
  {
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getScimGroup",
    tags: TAGS,
    summary: "Read a group of the directory with its members (SCIM 2.0)",
    request: { params, query: wantedQuery },
    responses: ONE,
  },
);
const replaceRoute = defineRoute(WRITES, {
  method: "put",
  path: `${PATH}/{id}`,
  operationId: "replaceScimGroup",
  tags: TAGS,
  summary: "Replace a group of the directory and its members (SCIM 2.0)",
  request: { params, body },
  responses: ONE,
});
const patchRoute = defineRoute(WRITES, {
  method: "patch",
  path: `${PATH}/{id}`,
  operationId: "patchScimGroup",
  tags: TAGS,
  summary: "Change a group of the directory or its members (SCIM 2.0)",
  request: { params, body },
  responses: ONE,
});
const dropRoute = defineRoute(
  { ...BY_DIRECTORY, rate: "write", refuses: REFUSES },
  {
    method: "delete",
    path: `${PATH}/{id}`,
    operationId: "deleteScimGroup",
    tags: TAGS,
    summary: "A group goes (SCIM 2.0); whoever was in it loses the places that it gave",
    request: { params },
    responses: { ...SCIM_ERRORS, 204: { description: "The group is gone." } },
  },
);

/** Groups of a directory. */
export function scimGroupRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const query = c.req.valid("query");
      const { startIndex, count } = pageOf(query);
      if (query.filter === undefined) {
        const db = directory(c.env);
        const total = (await countScimGroups(db).first<{ total: number }>())?.total ?? 0;
        const { results } = await scimGroups(db, count, startIndex - 1).all<ScimGroupRow>();
        return scimAnswer(
          listOf(
            results.map((row) => viewGroup(c, row, query, null)),
            total,
            startIndex,
          ),
        );
      }
      const found = await findGroups(c.env, query.filter);
      if (!found.ok) return refused(c, found.refusal);
      const page = found.value.slice(startIndex - 1, startIndex - 1 + count);
      return scimAnswer(
        listOf(
          page.map((row) => viewGroup(c, row, query, null)),
          found.value.length,
          startIndex,
        ),
      );
    })
    .openapi(createRoute, async (c) => {
      const created = await createScimGroup(c.env, c.req.valid("json"), Date.now());
      if (!created.ok) return refused(c, created.refusal);
      placeSoon(c);
      const headers = { etag: etagOf(created.value), location: locationOf(c, "Groups", created.value.id) };
      const members = await membersOf(c.env, created.value.id);
      return scimAnswer(viewGroup(c, created.value, {}, members), 201, headers);
    })
    .openapi(readRoute, async (c) => {
      const found = await findScimGroup(c.env, c.req.valid("param").id);
      return found.ok ? show(c, found.value, c.req.valid("query")) : refused(c, found.refusal);
    })
    .openapi(replaceRoute, async (c) => {
      const group = readGroup(c.req.valid("json"));
      if (!group.ok) return refused(c, group.refusal);
      const found = await findScimGroup(c.env, c.req.valid("param").id);
      if (!found.ok) return refused(c, found.refusal);
      if (isOtherVersion(c, found.value)) return refused(c, OTHER_VERSION.refusal);
      return changed(c, await replaceScimGroup(c.env, found.value, group.value, Date.now()));
    })
    .openapi(patchRoute, async (c) => {
      const operations = readOperations(c.req.valid("json"));
      if (!operations.ok) return refused(c, operations.refusal);
      const found = await findScimGroup(c.env, c.req.valid("param").id);
      if (!found.ok) return refused(c, found.refusal);
      if (isOtherVersion(c, found.value)) return refused(c, OTHER_VERSION.refusal);
      return changed(c, await patchScimGroup(c.env, found.value, operations.value, Date.now()));
    })
    .openapi(dropRoute, async (c) => {
      const found = await findScimGroup(c.env, c.req.valid("param").id);
      if (!found.ok) return refused(c, found.refusal);
      if (isOtherVersion(c, found.value)) return refused(c, OTHER_VERSION.refusal);
      await dropGroup(c.env, found.value, Date.now());
      placeSoon(c);
      return c.body(null, 204);
    });
}

/** After a change, the group without its members: there may be many, and the directory has just said who they are. */
async function changed(c: AppContext, group: Result<ScimGroupRow>) {
  if (!group.ok) return refused(c, group.refusal);
  placeSoon(c);
  return scimAnswer(viewGroup(c, group.value, {}, null), 200, { etag: etagOf(group.value) });
}

async function show(c: AppContext, row: ScimGroupRow, wanted: Wanted) {
  const members = isWanted("members", wanted) ? await membersOf(c.env, row.id) : null;
  return scimAnswer(viewGroup(c, row, wanted, members), 200, { etag: etagOf(row) });
}

const FILTERED = ["id", "displayName", "externalId", "members.value"];

async function findGroups(env: Env, text: string): Promise<Result<ScimGroupRow[]>> {
  const terms = readFilter(text, FILTERED);
  if (!terms.ok) return terms;
  const db = directory(env);
  const [id, name, external, member] = FILTERED.map((attribute) => terms.value.get(attribute));
  const statement =
    id !== undefined
      ? scimGroup(db, id)
      : name !== undefined
        ? scimGroupByName(db, name)
        : external !== undefined
          ? scimGroupByExternal(db, external)
          : null;
  if (statement === null) return scimFault("invalidFilter", "Ask for an id, displayName or externalId beside members.");
  const { results } = await statement.all<ScimGroupRow>();
  const fitting: ScimGroupRow[] = [];
  for (const row of results) {
    if (name !== undefined && row.name !== name) continue;
    if (external !== undefined && row.external_id !== external) continue;
    if (member !== undefined && (await isMember(db, row.id, member).first()) === null) continue;
    fitting.push(row);
  }
  return ok(fitting);
}
