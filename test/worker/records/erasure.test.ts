import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { callJournal, journalOf } from "../../../src/records/stubs.ts";
import { flush, journalRows, ownerWithSession, put, stateOf, tasksOf } from "./support.ts";

async function erase(owner: string): Promise<void> {
  const erased = await callJournal(env, journalOf(owner), (stub) => stub.erase(owner));
  if (!erased.ok) throw new Error(erased.refusal.code);
}

describe("an owner's erasure in their journal", () => {
  it("[I8] forgets what waited, how far it was, and that anything waited", async () => {
    const owner = await ownerWithSession("erased");
    await flush(owner);
    const before = await stateOf(owner);
    await put(owner, "tasks", tasksOf(owner, 7));
    await erase(owner);
    for (const [table, column] of [
      ["known", "id"],
      ["pending", "id"],
      ["progress", "session"],
      ["purges", "session"],
      ["announcements", "user"],
    ]) {
      const left = `SELECT ${column} FROM ${table} WHERE ${column} LIKE ?`;
      expect(await journalRows(owner, left, `${owner}%`), table).toEqual([]);
    }
    // What was dropped makes room: else erasures would fill the journal by and by.
    expect((await stateOf(owner)).pending).toBe(before.pending);
  });
});
