import { directory } from "../../platform/database/shards.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { ok, type Result } from "../../platform/results.ts";
import { isWanted, placeSoon, viewGroup } from "./answers.ts";
import { readFilter, scimFault } from "./filter.ts";
import {
  createScimGroup,
  dropGroup,
  findScimGroup,
  type GroupDoc,
  membersOf,
  patchScimGroup,
  readGroup,
  replaceScimGroup,
} from "./groups.ts";
import type { Kind } from "./kind.ts";
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

/** Groups of a directory. */
export const GROUPS: Kind<ScimGroupRow, GroupDoc> = {
  name: "Group",
  path: "Groups",
  maxBody: MAX_BODY,
  refuses: ["not_found", "user_exists", "concurrent_change", "quota_exceeded"],
  says: {
    list: "Groups of the directory without their members (SCIM 2.0), or those a filter finds",
    create: "A group comes (SCIM 2.0); what it means in courses, an admin says",
    read: "Read a group of the directory with its members (SCIM 2.0)",
    replace: "Replace a group of the directory and its members (SCIM 2.0)",
    patch: "Change a group of the directory or its members (SCIM 2.0)",
    drop: "A group goes (SCIM 2.0); whoever was in it loses the places that it gave",
  },
  idOf: (row) => row.id,
  count: countScimGroups,
  page: scimGroups,
  search: findGroups,
  find: findScimGroup,
  read: readGroup,
  create: async (c, group) => placed(c, await createScimGroup(c.env, group, Date.now())),
  replace: async (c, row, group) => placed(c, await replaceScimGroup(c.env, row, group, Date.now())),
  patch: async (c, row, operations) => placed(c, await patchScimGroup(c.env, row, operations, Date.now())),
  async drop(c, row) {
    await dropGroup(c.env, row, Date.now());
    return placed(c, ok(null));
  },
  async view(c, row, wanted, when) {
    // There may be many, and after a change the directory has just said who they are.
    const members = when === "read" && isWanted("members", wanted) ? await membersOf(c.env, row.id) : null;
    return viewGroup(c, row, wanted, members);
  },
};

/** Who is in it now, or is not any more, gets other places. */
function placed<T>(c: AppContext, done: Result<T>): Result<T> {
  if (done.ok) placeSoon(c);
  return done;
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
