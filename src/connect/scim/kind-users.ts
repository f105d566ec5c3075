import { nudgeAudit } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { ok, type Result } from "../../platform/results.ts";
import { isWanted, placeSoon, viewUser } from "./answers.ts";
import type { SaidDoc, UserDoc } from "./attributes.ts";
import { askingOf } from "./common.ts";
import { readFilter, scimFault, type Terms } from "./filter.ts";
import type { Kind } from "./kind.ts";
import { patchUser } from "./patch.ts";
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

/** Groups shown of one person. */
const MAX_GROUPS = 500;

/** People of a directory. */
export const PEOPLE: Kind<ScimUserRow, SaidDoc> = {
  name: "User",
  path: "Users",
  maxBody: 100_000,
  refuses: ["user_not_found", "user_exists", "forbidden", "concurrent_change"],
  says: {
    list: "People of the directory (SCIM 2.0), or those a filter finds",
    create: "A person comes (SCIM 2.0): they get an account, or the directory speaks of theirs from now on",
    read: "Read a person of the directory (SCIM 2.0)",
    replace: "Replace a person of the directory (SCIM 2.0); with active false, their account is closed",
    patch: "Change a person of the directory (SCIM 2.0); with active false, their account is closed",
    drop: "A person goes (SCIM 2.0): their account is closed, and not erased",
  },
  idOf: (row) => row.user_id,
  count: countScimUsers,
  page: scimUsers,
  search: findUsers,
  find: findScimUser,
  read: readDoc,
  create: async (c, doc) => audited(c, await createScimUser(await askingOf(c), doc)),
  replace: async (c, row, doc) => audited(c, await changeScimPerson(await askingOf(c), row, doc), row),
  async patch(c, row, operations) {
    const patched = patchUser(docOf(row), operations);
    if (!patched.ok) return patched;
    const doc = readDoc(patched.value);
    return doc.ok ? audited(c, await changeScimPerson(await askingOf(c), row, doc.value), row) : doc;
  },
  async drop(c, row) {
    const dropped = audited(c, await dropScimPerson(await askingOf(c), row));
    if (dropped.ok) placeSoon(c);
    return dropped;
  },
  async view(c, row, wanted, when) {
    if (when === "listed" || !isWanted("groups", wanted)) return viewUser(c, row, wanted);
    // Whoever has just come is in none.
    if (when === "made") return viewUser(c, row, wanted, []);
    const groups = groupsOfScimUser(directory(c.env), row.user_id, MAX_GROUPS).all<{ id: string; name: string }>();
    return viewUser(c, row, wanted, (await groups).results);
  },
};

/** What was written is carried to the audit log. @param before the same row: nothing was. */
function audited<T>(c: AppContext, done: Result<T>, before: T | null = null): Result<T> {
  if (!done.ok || done.value !== before) nudgeAudit(c);
  return done;
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
  const active = terms.value.get("active")?.toLowerCase();
  return ok(
    results.filter(
      (row) =>
        (name === undefined || row.user_name === name.toLowerCase()) &&
        (external === undefined || row.external_id === external) &&
        (email === undefined || (docOf(row).emails ?? []).some((one) => isAsked(one, email, terms.value))) &&
        (active === undefined || active === String(row.active === 1)),
    ),
  );
}

/** What stands in brackets is about one address (RFC 7644, section 3.4.2.2). Texts have no case, as the schema says. */
function isAsked(
  { value, type, primary = false }: NonNullable<UserDoc["emails"]>[number],
  email: string,
  terms: Terms,
): boolean {
  const [asked, first] = ["emails.type", "emails.primary"].map((name) => terms.get(name)?.toLowerCase());
  if (asked !== undefined && asked !== type?.toLowerCase()) return false;
  return value.toLowerCase() === email.toLowerCase() && (first === undefined || first === String(primary));
}
