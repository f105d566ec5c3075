import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import type { Result } from "../../../src/platform/results.ts";
import type { JournalLimits, JournalState } from "../../../src/records/journal/contract.ts";
import type { JournalObject } from "../../../src/records/journal/object.ts";
import { callJournal, journalOf, journalStub } from "../../../src/records/stubs.ts";
import { type Call, call, read, tokenOf } from "../../support/worker/http.ts";

let owners = 0;

/** An owner nobody else has; its journal may be shared. */
export function freshOwner(name: string): string {
  owners += 1;
  return `${name}-${owners}`;
}

export interface TaskInput {
  task_id: string;
  session_id: string;
  version: number;
  status: string;
  position: number;
  source_text: string;
  translated_text: string | null;
}

export function sessionOf(owner: string, rest: object = {}) {
  return {
    session_id: `${owner}:book`,
    version: 1,
    status: "processing",
    source_language: "en",
    target_language: "zh-Hans",
    ...rest,
  };
}

export function taskOf(owner: string, position: number, rest: Partial<TaskInput> = {}): TaskInput {
  return {
    task_id: `${owner}:book:t${position}`,
    session_id: `${owner}:book`,
    version: 1,
    status: "pending",
    position,
    source_text: `sentence ${position}`,
    translated_text: null,
    ...rest,
  };
}

export function tasksOf(owner: string, count: number, rest: Partial<TaskInput> = {}): TaskInput[] {
  return Array.from({ length: count }, (_, position) => taskOf(owner, position, rest));
}

const outcome = z.object({
  id: z.string(),
  status: z.string(),
  error: z.object({ rule: z.string(), message: z.string(), path: z.string().optional() }).optional(),
});
export const batchSchema = z.object({
  results: z.array(outcome),
  accepted: z.int(),
  rejected: z.int(),
  journal_seq: z.int(),
});

/** Sends a batch as its owner. */
export async function send(owner: string, kind: "sessions" | "tasks", items: readonly unknown[], options: Call = {}) {
  const token = options.token ?? (await tokenOf(owner));
  return call("POST", `/translation/${kind}/batch`, { body: { [kind]: items }, ...options, token });
}

/** The outcomes of a batch, in order. @throws when it is refused as a whole. */
export async function put(owner: string, kind: "sessions" | "tasks", items: readonly unknown[], options: Call = {}) {
  return (await read(await send(owner, kind, items, options), 200, batchSchema)).results;
}

/** Their words alone. */
export async function statuses(owner: string, kind: "sessions" | "tasks", items: readonly unknown[]) {
  return (await put(owner, kind, items)).map(({ status, error }) => (error === undefined ? status : error.rule));
}

/** An owner with one session, which is stored. */
export async function ownerWithSession(name: string, rest: object = {}): Promise<string> {
  const owner = freshOwner(name);
  await put(owner, "sessions", [sessionOf(owner, rest)]);
  return owner;
}

export const journal = (owner: string) => journalStub(env, journalOf(owner));

export async function stateOf(owner: string): Promise<JournalState> {
  const state: Result<JournalState> = await callJournal(env, journalOf(owner), (stub) => stub.state());
  if (!state.ok) throw new Error(state.refusal.code);
  return state.value;
}

export async function flush(owner: string): Promise<void> {
  const answer = await call("POST", "/translation/flush", { token: await tokenOf(owner) });
  if (answer.status !== 200) throw new Error(await answer.text());
  await answer.body?.cancel();
}

/** Replaces the D1 of one journal, until it is evicted or given another. */
export async function replaceDatabase(owner: string, db: D1Database): Promise<void> {
  await runInDurableObject(journal(owner), (instance: JournalObject) => {
    Object.assign(instance, { env: { ...env, DB: db } });
  });
}

/** Changes the limits of one journal, until it is evicted. */
export async function limit(owner: string, limits: Partial<JournalLimits>): Promise<() => Promise<void>> {
  const set = (next: Partial<JournalLimits>) =>
    runInDurableObject(journal(owner), (instance: JournalObject) => {
      const before = instance.limits;
      instance.limits = { ...instance.limits, ...next };
      return before;
    });
  const before = await set(limits);
  return async () => {
    await set(before);
  };
}

/** Fires the journal's alarm as the platform does when its time has come. @returns whether one was set. */
export const fireAlarm = (owner: string) => runDurableObjectAlarm(journal(owner));

/** When the alarm is set for; null: not at all. */
export const alarmOf = (owner: string) =>
  runInDurableObject(journal(owner), (_instance, state) => state.storage.getAlarm());

export const evict = (owner: string) => evictDurableObject(journal(owner));

/** Rows of the journal's own database. */
export function journalRows(owner: string, query: string, ...values: unknown[]) {
  return runInDurableObject(journal(owner), (_instance, state) => state.storage.sql.exec(query, ...values).toArray());
}

/** Versions of an owner's tasks in D1, by id. */
export async function storedVersions(owner: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare("SELECT id, version FROM translation_tasks WHERE owner = ?")
    .bind(owner)
    .all<{ id: string; version: number }>();
  return Object.fromEntries(results.map(({ id, version }) => [id, version]));
}

/** Makes D1 refuse one task. @returns how to end it. */
export async function poison(id: string): Promise<() => Promise<void>> {
  const name = `poison_${id.replaceAll(/\W/g, "_")}`;
  await env.DB.prepare(
    `CREATE TRIGGER ${name} BEFORE INSERT ON translation_tasks WHEN NEW.id = '${id}'
     BEGIN SELECT RAISE(ABORT, 'poison'); END`,
  ).run();
  return async () => {
    await env.DB.prepare(`DROP TRIGGER ${name}`).run();
  };
}
