import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import type { ChainState } from "../../../src/audit/chain/contract.ts";
import type { AuditChain } from "../../../src/audit/chain/object.ts";
import { withNames } from "../../../src/audit/people.ts";
import { chainStub, MAIN_CHAIN } from "../../../src/audit/stubs.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";

export const chain = () => chainStub(env, MAIN_CHAIN);
export const root = () => tokenOf("root", "admin");

const verification = z.object({
  intact: z.boolean(),
  entries: z.int(),
  breaks: z.array(z.object({ kind: z.string(), from_seq: z.int(), to_seq: z.int(), detail: z.string() })),
  projection: z.string(),
  next_cursor: z.string().nullable(),
});

/** Walks over the whole chain. */
export async function verify(limit = 1_000) {
  const breaks: { kind: string; from_seq: number; to_seq: number }[] = [];
  let entries = 0;
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? "" : `&cursor=${cursor}`;
    const page: z.infer<typeof verification> = await read(
      await call("GET", `/audit/verify?limit=${limit}${next}`, { token: await root() }),
      200,
      verification,
    );
    breaks.push(...page.breaks.map(({ kind, from_seq, to_seq }) => ({ kind, from_seq, to_seq })));
    entries += page.entries;
    cursor = page.next_cursor;
  } while (cursor !== null);
  return { entries, breaks };
}

export function reported(key: string, rest: object = {}): object {
  return {
    key,
    action: "job.finished",
    occurred_at: new Date().toISOString(),
    actor: { id: "robot", role: "service" },
    target: { type: "job", id: key },
    ...rest,
  };
}

const batchAnswer = z.object({
  results: z.array(z.looseObject({ status: z.string(), seq: z.int().nullable(), hash: z.string().nullable() })),
  accepted: z.int(),
  rejected: z.int(),
});

export async function report(entries: readonly unknown[], as = "reporter") {
  const answer = await call("POST", "/audit/logs/batch", { token: await tokenOf(as, "service"), body: { entries } });
  return read(answer, 200, batchAnswer);
}

export async function state(): Promise<ChainState> {
  const known = await chain().state();
  if (!known.ok) throw new Error("the chain does not answer");
  return known.value;
}

/** Makes everything due and fires the alarm. */
export async function settle(): Promise<void> {
  await runInDurableObject(chain(), async (_instance, { storage }) => {
    storage.sql.exec("UPDATE due_times SET at = 1");
    await storage.setAlarm(Date.now() + 60_000);
  });
  await runDurableObjectAlarm(chain());
}

/** Changes the chain's storage behind its back, as somebody with access to it could. */
export async function tamper(change: (sql: SqlStorage) => void): Promise<void> {
  await runInDurableObject(chain(), (_instance, { storage }) => change(storage.sql));
  await evictDurableObject(chain());
}

/** Runs something with the object's bindings replaced, until it is evicted. */
export async function rebindChain(bindings: Partial<Env>): Promise<void> {
  await runInDurableObject(chain(), (instance: AuditChain) => {
    Object.assign(instance, { env: { ...env, ...bindings } });
  });
}

const entry = z.looseObject({
  seq: z.int(),
  action: z.string(),
  actor: z.object({ id: z.string(), role: z.string() }),
  target: z.object({ type: z.string(), id: z.string() }),
  outcome: z.string(),
  request_id: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});
const list = z.object({ results: z.array(entry), next_cursor: z.string().nullable() });

export async function logs(query = "", limit = 1_000) {
  return read(await call("GET", `/audit/logs?limit=${limit}${query}`, { token: await root() }), 200, list);
}

/** Entries of the chain itself as they are stored, whether or not they were projected. */
export async function storedEntries(after = 0) {
  const rows = await chain().entries(after, 10_000);
  if (!rows.ok) throw new Error("the chain does not answer");
  return rows.value;
}

/** The same, with those whom the chain still knows under their ids. */
export async function entries(after = 0) {
  const rows = await storedEntries(after);
  const users = await runInDurableObject(
    chain(),
    (_instance, { storage }) =>
      new Map(
        storage.sql
          .exec<{ pseudonym: string; user_id: string }>("SELECT * FROM people")
          .toArray()
          .map(({ pseudonym, user_id }) => [pseudonym, user_id]),
      ),
  );
  return rows.map((row) => ({
    ...row,
    actor_id: withNames(row.actor_id, users),
    target_id: withNames(row.target_id, users),
    enrollment: row.enrollment === null ? null : withNames(row.enrollment, users),
    reported_by: row.reported_by === null ? null : withNames(row.reported_by, users),
  }));
}
