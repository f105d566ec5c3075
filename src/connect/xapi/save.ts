import { z } from "@hono/zod-openapi";
import { erasedAmong } from "../../identity/index.ts";
import { utf8Bytes } from "../../platform/database/batches.ts";
import { directory } from "../../platform/database/shards.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { type AttachmentBytes, attachmentsOf } from "./attachments.ts";
import { mayMakeFact } from "./facts.ts";
import { activitiesNamed, agentsNamed } from "./form/agents-of.ts";
import { saysTheSame } from "./form/same.ts";
import { type Statement, VOIDED } from "./form/statement.ts";
import { termsOf } from "./form/terms.ts";
import { keptRow, statementIn } from "./kept.ts";
import { MAX_AGENTS, MAX_ATTACHED, MAX_CHAIN, MAX_KEPT, MAX_STATEMENT } from "./limits.ts";
import type { WhoIs } from "./people.ts";
import {
  ADD_ACTIVITIES,
  ADD_ATTACHMENTS,
  ADD_PEOPLE,
  ADD_STATEMENTS,
  ADD_TERMS,
  ADD_TERMS_OF_TARGETS,
  KNOWN,
  noteKept,
  REFERRING,
  VOID,
} from "./statements.ts";
import type { Store } from "./store.ts";

/** A statement that has its id, and everything that the store adds but the time. */
export type Complete = Statement & { id: string };

const knownRow = keptRow.extend({ voids: z.int() });

/**
 * Stores statements, all or none. One that is there already and says the same is taken once more without effect.
 * @returns the ids of those that were new; `statement_conflict` where one is there and says something else.
 */
export async function saveStatements(
  env: Env,
  store: Store,
  statements: readonly Complete[],
  bytes: ReadonlyMap<string, AttachmentBytes>,
  whoIs: WhoIs,
): Promise<Result<string[]>> {
  const refusal = await refusalOf(env, statements, bytes, whoIs);
  if (refusal !== null) return refusal;
  for (let tries = 0; ; tries += 1) {
    const fresh = await freshOf(env, store, statements);
    if (!fresh.ok || fresh.value.length === 0) return fresh.ok ? ok([]) : fresh;
    if (store.kept + fresh.value.length > MAX_KEPT) {
      return refuse("quota_exceeded", { detail: `A course keeps at most ${MAX_KEPT} statements.` });
    }
    try {
      await write(env, store, fresh.value, bytes, whoIs);
      return ok(fresh.value.map(({ id }) => id));
    } catch (fault) {
      // Somebody else has just stored one of these ids: nothing of this batch was written.
      if (tries > 0 || !(fault instanceof Error) || !fault.message.includes("UNIQUE constraint failed")) throw fault;
    }
  }
}

/** What no look at the store is needed for. */
async function refusalOf(
  env: Env,
  statements: readonly Complete[],
  bytes: ReadonlyMap<string, AttachmentBytes>,
  whoIs: WhoIs,
) {
  const seen = new Set<string>();
  const users = new Set<string>();
  let attached = 0;
  for (const [at, statement] of statements.entries()) {
    const path = `[${at}]`;
    const at400 = (field: string, rule: string, message: string) =>
      refuse("invalid_input", { errors: [{ path: `${path}${field}`, rule, message }] });
    if (seen.has(statement.id)) return at400(".id", "duplicate", "two statements of one request have this id");
    seen.add(statement.id);
    const agents = agentsNamed(statement);
    if (agents.length > MAX_AGENTS) return at400("", "too_many", `a statement names at most ${MAX_AGENTS} agents`);
    if (utf8Bytes(JSON.stringify(statement)) > MAX_STATEMENT) {
      return refuse("body_too_large", { detail: `A statement has at most ${MAX_STATEMENT} bytes.` });
    }
    // Each statement keeps what is attached to it, also where others have the same.
    for (const { sha2 } of attachmentsOf(statement)) attached += bytes.get(sha2.toLowerCase())?.bytes.length ?? 0;
    if (attached > MAX_ATTACHED) {
      return refuse("body_too_large", {
        detail: `The attachments of all statements have at most ${MAX_ATTACHED} bytes.`,
      });
    }
    for (const agent of agents) {
      const user = whoIs(agent);
      if (user !== null) users.add(user);
    }
  }
  // What is said of somebody who was erased would bring their data back.
  const erased = await erasedAmong(directory(env), [...users]);
  return erased.size === 0 ? null : refuse("user_not_found", { detail: "A statement names somebody who was erased." });
}

/** Those of the statements that are not there yet. */
async function freshOf(env: Env, store: Store, statements: readonly Complete[]): Promise<Result<Complete[]>> {
  const targets = statements.flatMap((one) => (isVoiding(one) ? (refOf(one) ?? []) : []));
  const wanted = [...new Set([...statements.map(({ id }) => id), ...targets])];
  const rows = (await KNOWN.find(directory(env), wanted, store.course)).map((row) => knownRow.parse(row));
  const known = new Map(rows.map((row) => [row.id, row]));
  const fresh: Complete[] = [];
  for (const statement of statements) {
    const row = known.get(statement.id);
    if (row === undefined) fresh.push(statement);
    else if (!saysTheSame(statement, statementIn(row))) {
      return refuse("statement_conflict", {
        detail: `The statement ${statement.id} is there and says something else.`,
      });
    }
  }
  const target = targets.find((id) => known.get(id)?.voids === 1);
  if (target !== undefined) {
    const message = "this statement voids another, and cannot be voided";
    return refuse("invalid_input", { errors: [{ path: "object.id", rule: "voids_voiding", message }] });
  }
  return ok(fresh);
}

/** Whose fact a statement may be: a group is nobody, even under the name of somebody. */
function learnerOf({ actor }: Statement, whoIs: WhoIs): string | null {
  return actor.objectType === "Group" ? null : whoIs(actor);
}

function isVoiding({ verb }: Statement): boolean {
  return verb.id === VOIDED;
}

function refOf({ object }: Statement): string | null {
  return object.objectType === "StatementRef" ? object.id.toLowerCase() : null;
}

/** One transaction. */
async function write(
  env: Env,
  { course, settings }: Store,
  fresh: readonly Complete[],
  bytes: ReadonlyMap<string, AttachmentBytes>,
  whoIs: WhoIs,
): Promise<void> {
  const db = directory(env);
  const ids = fresh.map(({ id }) => id);
  const refs = fresh.flatMap((one) => refOf(one) ?? []);
  const referring = await REFERRING.find(db, ids, course);
  const isLinked = refs.length > 0 || referring.length > 0;
  const rows = fresh.map((one) => [
    one.id,
    isVoiding(one) ? 1 : 0,
    refOf(one),
    JSON.stringify(one),
    learnerOf(one, whoIs),
    mayMakeFact(one, settings) && learnerOf(one, whoIs) !== null ? 1 : 0,
  ]);
  const definitions = fresh.flatMap((one) =>
    activitiesNamed(one).flatMap(({ id, definition }) =>
      definition === undefined ? [] : [[id, JSON.stringify(definition)]],
    ),
  );
  const people = fresh.flatMap((one) => {
    const users = new Set(agentsNamed(one).flatMap((agent) => whoIs(agent) ?? []));
    return [...users].map((user) => [one.id, user]);
  });
  const attached = fresh.flatMap((one) =>
    attachmentsOf(one).flatMap(({ sha2, contentType }) => {
      const sent = bytes.get(sha2.toLowerCase());
      return sent === undefined ? [] : [[one.id, sha2.toLowerCase(), contentType, sent.base64]];
    }),
  );
  await db.batch([
    ...ADD_STATEMENTS.over(db, rows, course),
    ...ADD_TERMS.over(
      db,
      fresh.flatMap((one) => termsOf(one).map((term) => [one.id, term])),
      course,
    ),
    ...(isLinked ? ADD_TERMS_OF_TARGETS.over(db, ids, course, MAX_CHAIN) : []),
    ...(isLinked ? VOID.over(db, [...new Set([...ids, ...refs])], course) : []),
    ...ADD_ACTIVITIES.over(db, definitions, course),
    ...ADD_PEOPLE.over(db, people, course),
    ...ADD_ATTACHMENTS.over(db, attached, course),
    noteKept(db, course, fresh.length),
  ]);
}
