import { z } from "zod";
import { loadOutside } from "../../identity/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { MAX_GROUP_NAME } from "../groups/shapes.ts";
import { SET_DUE } from "../groups/statements.ts";
import { spelledValue } from "./attributes.ts";
import { readFilter, scimFault } from "./filter.ts";
import type { Operation } from "./patch.ts";
import {
  ADD_MEMBERS,
  addScimGroup,
  changeScimGroup,
  dropScimGroup,
  dropScimMembers,
  membersOfGroup,
  REMOVE_MEMBERS,
  SCIM_USERS_AMONG,
  scimGroup,
  scimGroupByName,
} from "./statements.ts";
import type { ScimGroupRow } from "./tables.ts";
import { isTaken } from "./users.ts";

/** Groups of the directory, and members of one. */
const MAX_GROUPS = 5_000;
const MAX_MEMBERS = 50_000;
const SOURCE = "scim";
const FIRST_VERSION = 1;

const text = z.string().trim().max(MAX_GROUP_NAME);
const memberSchema = z.object({ value: z.string().min(1).max(64) });
const membersSchema = z.array(memberSchema).max(MAX_MEMBERS);
const groupSchema = z.object({
  displayName: text.min(1),
  externalId: text.nullish().transform((value) => (value == null || value === "" ? null : value)),
  members: membersSchema.nullish().transform((value) => (value ?? []).map((member) => member.value)),
});

export type GroupDoc = z.output<typeof groupSchema>;

/** What a directory says of a group. @returns `invalid_input` with the rule `invalidValue`, and which attribute. */
export function readGroup(body: unknown): Result<GroupDoc> {
  const read = groupSchema.safeParse(spelledValue(body));
  return read.success ? ok(read.data) : unfit(read.error);
}

/** What a change makes of a group. */
interface Change {
  name: string;
  external: string | null;
  add: Set<string>;
  remove: Set<string>;
}

const TAKEN = refuse("user_exists", { detail: "A group of this displayName exists already." });

export async function findScimGroup(env: Env, id: string): Promise<Result<ScimGroupRow>> {
  const row = await scimGroup(directory(env), id).first<ScimGroupRow>();
  return row === null ? refuse("not_found", { detail: "The directory has sent no such group." }) : ok(row);
}

export async function membersOf(env: Env, id: string): Promise<string[]> {
  const { results } = await membersOfGroup(directory(env), id).all<{ user_id: string }>();
  return results.map(({ user_id }) => user_id);
}

/** Takes a group that the directory sends for the first time. @returns `user_exists` where another has its name. */
export async function createScimGroup(
  env: Env,
  { displayName, externalId, members }: GroupDoc,
  now: number,
): Promise<Result<ScimGroupRow>> {
  const unknown = await unknownAmong(env, members);
  if (unknown !== null) return unknown;
  const db = directory(env);
  const { newId } = await loadOutside();
  const id = newId();
  const [added] = await db.batch<ScimGroupRow>([
    addScimGroup(db, id, displayName, externalId, now, MAX_GROUPS),
    ...ADD_MEMBERS.over(db, members, id, FIRST_VERSION),
    ...SET_DUE.over(db, members, SOURCE, now),
  ]);
  const group = added?.results[0];
  if (group !== undefined) return ok(group);
  const isTaken = (await scimGroupByName(db, displayName).first()) !== null;
  return isTaken ? TAKEN : refuse("quota_exceeded", { detail: `A directory has at most ${MAX_GROUPS} groups.` });
}

/** Replaces a group as a whole. The same again writes nothing. */
export async function replaceScimGroup(
  env: Env,
  row: ScimGroupRow,
  { displayName: name, externalId: external, members }: GroupDoc,
  now: number,
): Promise<Result<ScimGroupRow>> {
  const before = new Set(await membersOf(env, row.id));
  const wanted = new Set(members);
  return write(env, row, { name, external, add: wanted.difference(before), remove: before.difference(wanted) }, now);
}

/**
 * Applies a patch to a group. Members are added and removed by themselves: a directory sends thousands, a few at a time.
 * @returns `invalid_input` with the rule that RFC 7644 names.
 */
export async function patchScimGroup(
  env: Env,
  row: ScimGroupRow,
  operations: readonly Operation[],
  now: number,
): Promise<Result<ScimGroupRow>> {
  const before = new Set(await membersOf(env, row.id));
  const members = new Set(before);
  const group = { displayName: row.name, externalId: row.external_id };
  for (const operation of operations) {
    const fault = apply(group, members, operation);
    if (fault !== null) return fault;
  }
  const read = groupSchema.safeParse({ ...group, members: [] });
  if (!read.success) return unfit(read.error);
  if (members.size > MAX_MEMBERS)
    return scimFault("invalidValue", `A group has at most ${MAX_MEMBERS} members.`, "members");
  const { displayName: name, externalId: external } = read.data;
  return write(env, row, { name, external, add: members.difference(before), remove: before.difference(members) }, now);
}

type Group = Record<"displayName" | "externalId", unknown>;
type Fault = { ok: false } & Result<never>;

function apply(group: Group, members: Set<string>, { op, path, value }: Operation): Fault | null {
  if (path === undefined) return failed("noTarget", "An operation without a path needs attributes.");
  if (path === "displayName" || path === "externalId") {
    group[path] = op === "remove" ? null : value;
    return null;
  }
  const [, filter] = /^members\[(.+)\]$/s.exec(path) ?? [];
  if (filter !== undefined) {
    const terms = readFilter(filter, ["value"]);
    const one = terms.ok ? terms.value.get("value") : undefined;
    if (op !== "remove" || one === undefined)
      return failed("invalidPath", "Members are removed by members[value eq …].");
    members.delete(one);
    return null;
  }
  if (path !== "members") return failed("invalidPath", "A group has displayName, externalId and members.");
  // Null is nobody (RFC 7643, section 2.5).
  if (op !== "add" && value == null) {
    members.clear();
    return null;
  }
  // One member, or several.
  const given = membersSchema.safeParse(Array.isArray(value) ? value : [value]);
  if (!given.success) return failed("invalidValue", "Members are a list of {value}.");
  if (op === "replace") members.clear();
  for (const member of given.data) {
    if (op === "remove") members.delete(member.value);
    else members.add(member.value);
  }
  return null;
}

async function write(
  env: Env,
  row: ScimGroupRow,
  { name, external, add, remove }: Change,
  now: number,
): Promise<Result<ScimGroupRow>> {
  const isRenamed = name !== row.name;
  if (!isRenamed && external === row.external_id && add.size === 0 && remove.size === 0) return ok(row);
  const unknown = await unknownAmong(env, [...add]);
  if (unknown !== null) return unknown;
  const db = directory(env);
  // A group of another name means something else to everybody in it.
  const due = isRenamed ? [...new Set([...(await membersOf(env, row.id)), ...add])] : [...add.union(remove)];
  try {
    const results = await db.batch<ScimGroupRow>([
      ...ADD_MEMBERS.over(db, [...add], row.id, row.version),
      ...REMOVE_MEMBERS.over(db, [...remove], row.id, row.version),
      ...SET_DUE.over(db, due, SOURCE, now),
      changeScimGroup(db, row.id, row.version, name, external, now),
    ]);
    const changed = results.at(-1)?.results[0];
    return changed === undefined ? refuse("concurrent_change") : ok(changed);
  } catch (fault) {
    if (!isTaken(fault)) throw fault;
    return TAKEN;
  }
}

/** The directory forgets a group: whoever was in it loses the places it gave. */
export async function dropGroup(env: Env, row: ScimGroupRow, now: number): Promise<void> {
  const db = directory(env);
  const members = await membersOf(env, row.id);
  await db.batch([...SET_DUE.over(db, members, SOURCE, now), dropScimMembers(db, row.id), dropScimGroup(db, row.id)]);
}

async function unknownAmong(env: Env, members: readonly string[]): Promise<Fault | null> {
  const found = await SCIM_USERS_AMONG.find<{ user_id: string }>(directory(env), members);
  const known = new Set(found.map(({ user_id }) => user_id));
  const missing = members.find((member) => !known.has(member));
  return missing === undefined ? null : failed("invalidValue", "A member is nobody the directory has sent.");
}

function unfit(error: z.ZodError): Result<never> {
  return scimFault("invalidValue", error.issues[0]?.message ?? "", error.issues[0]?.path.join(".") ?? "");
}

function failed(rule: string, message: string): Fault {
  return { ok: false, refusal: { code: "invalid_input", detail: message, errors: [{ path: "", rule, message }] } };
}
