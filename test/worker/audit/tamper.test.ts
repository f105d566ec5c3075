import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EntryRow } from "../../../src/audit/chain/contract.ts";
import { GENESIS, hashOf } from "../../../src/audit/chain/hash.ts";
import { chain, report, reported, settle, tamper, verify } from "./support.ts";

let saved: EntryRow[] = [];
let savedChain: Record<string, SqlStorageValue>[] = [];

/** 12 entries, a signed head, 8 more, another: what every attack below finds. */
beforeEach(async () => {
  if (saved.length > 0) return;
  await report(Array.from({ length: 12 }, (_, i) => reported(`a${i}`)));
  await settle();
  await report(Array.from({ length: 8 }, (_, i) => reported(`b${i}`)));
  await settle();
  const rows = await chain().entries(0, 100);
  if (!rows.ok) throw new Error("no entries");
  saved = rows.value;
  await tamper((sql) => {
    savedChain = sql.exec("SELECT * FROM chain").toArray();
  });
});

afterEach(async () => {
  await tamper((sql) => {
    sql.exec("DELETE FROM entries");
    for (const row of saved) insert(sql, row);
    sql.exec("UPDATE chain SET seq = ?, hash = ?", savedChain[0]?.seq ?? 0, savedChain[0]?.hash ?? "");
  });
  await restoreProjection();
  expect((await verify()).breaks).toEqual([]);
});

async function restoreProjection() {
  await env.DB.batch(
    saved.map(({ seq, hash }) => env.DB.prepare("UPDATE audit_log SET hash = ? WHERE seq = ?").bind(hash, seq)),
  );
}

function insert(sql: SqlStorage, row: EntryRow) {
  const names = Object.keys(row);
  sql.exec(
    `INSERT INTO entries (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    ...Object.values(row),
  );
}

/** Recomputes every hash from a place on, as an attacker with the code but without the key can. */
function relink(sql: SqlStorage, from: number) {
  const rows = sql.exec("SELECT * FROM entries WHERE seq >= ? ORDER BY seq", from).toArray();
  let prev = String(
    sql.exec("SELECT hash FROM entries WHERE seq < ? ORDER BY seq DESC LIMIT 1", from).toArray()[0]?.hash ?? GENESIS,
  );
  for (const row of rows) {
    // SAFETY: the table's columns are those of an entry.
    const hash = hashOf({ ...(row as unknown as EntryRow), prev });
    sql.exec("UPDATE entries SET prev = ?, hash = ? WHERE seq = ?", prev, hash, row.seq ?? 0);
    prev = hash;
  }
  sql.exec("UPDATE chain SET hash = ?", prev);
}

/** The search database follows the attacker. */
async function forgetProjection() {
  await env.DB.prepare("UPDATE audit_log SET hash = (SELECT 'x')").run();
}

const places = async (limit?: number) => (await verify(limit)).breaks;

describe("a tampered audit chain", () => {
  it.each([1_000, 7, 3])("that nobody changed is intact, in pages of %i", async (limit) => {
    expect(await verify(limit)).toEqual({ entries: 20, breaks: [] });
  });

  it.each([
    ["actor_id", "mallory"],
    ["occurred_at", 1],
    ["details", '{"note":"x"}'],
    ["outcome", "refused"],
    ["course", "other"],
  ])("with %s edited breaks at the entry", async (column, value) => {
    await tamper((sql) => sql.exec(`UPDATE entries SET ${column} = ? WHERE seq = 5`, value));
    expect(await places()).toEqual([{ kind: "edited", from_seq: 5, to_seq: 5 }]);
  });

  it("with two edits has two breaks, across pages", async () => {
    await tamper((sql) => sql.exec("UPDATE entries SET actor_id = 'mallory' WHERE seq IN (5, 17)"));
    expect(await places(6)).toEqual([
      { kind: "edited", from_seq: 5, to_seq: 5 },
      { kind: "edited", from_seq: 17, to_seq: 17 },
    ]);
  });

  it("with an inserted entry breaks there, and the entries after it are known to be moved", async () => {
    await tamper((sql) => {
      sql.exec("UPDATE entries SET seq = -seq - 1 WHERE seq >= 6");
      sql.exec("UPDATE entries SET seq = -seq WHERE seq < 0");
      const [model] = saved;
      if (model === undefined) throw new Error("nothing to copy");
      insert(sql, { ...model, seq: 6, key: "forged", prev: saved[4]?.hash ?? "" });
    });
    const found = await places();
    expect(found).toContainEqual({ kind: "edited", from_seq: 6, to_seq: 6 });
    expect(found).toContainEqual({ kind: "moved", from_seq: 7, to_seq: 21 });
  });

  it("with two exchanged entries breaks at both places", async () => {
    await tamper((sql) => {
      sql.exec("UPDATE entries SET seq = 1000 WHERE seq = 5");
      sql.exec("UPDATE entries SET seq = 5 WHERE seq = 9");
      sql.exec("UPDATE entries SET seq = 9 WHERE seq = 1000");
    });
    const found = await places();
    expect(found).toContainEqual({ kind: "moved", from_seq: 5, to_seq: 5 });
    expect(found).toContainEqual({ kind: "moved", from_seq: 9, to_seq: 9 });
  });

  it("with its first entries deleted breaks, and the extent is found", async () => {
    await tamper((sql) => sql.exec("DELETE FROM entries WHERE seq <= 3"));
    expect(await places()).toEqual([{ kind: "start_missing", from_seq: 1, to_seq: 3 }]);
  });

  it.each([1_000, 6])(
    "with entries deleted in the middle breaks, and the extent is found, in pages of %i",
    async (limit) => {
      await tamper((sql) => sql.exec("DELETE FROM entries WHERE seq BETWEEN 6 AND 8"));
      expect(await places(limit)).toEqual([{ kind: "gap", from_seq: 6, to_seq: 8 }]);
    },
  );

  it("with deleted entries and the others renumbered and linked again breaks at its head", async () => {
    await tamper((sql) => {
      sql.exec("DELETE FROM entries WHERE seq = 6");
      sql.exec("UPDATE entries SET seq = -seq + 1 WHERE seq > 6");
      sql.exec("UPDATE entries SET seq = -seq WHERE seq < 0");
      relink(sql, 6);
      sql.exec("UPDATE chain SET seq = 19");
    });
    const found = await places();
    expect(found).toContainEqual({ kind: "head_mismatch", from_seq: 1, to_seq: 12 });
    expect(found).toContainEqual({ kind: "tail_missing", from_seq: 20, to_seq: 20 });
    expect(found).toContainEqual({ kind: "projection_differs", from_seq: 6, to_seq: 19 });
  });

  it("with its last entries deleted and the counter set back breaks at its head", async () => {
    await tamper((sql) => {
      sql.exec("DELETE FROM entries WHERE seq > 16");
      sql.exec("UPDATE chain SET seq = 16, hash = ?", saved[15]?.hash ?? "");
    });
    await env.DB.prepare("UPDATE audit_log SET chain = 'hidden' WHERE seq > 16").run();
    expect(await places()).toEqual([{ kind: "tail_missing", from_seq: 17, to_seq: 20 }]);
    await env.DB.prepare("UPDATE audit_log SET chain = 'main'").run();
  });

  it("with all its entries deleted breaks", async () => {
    await tamper((sql) => {
      sql.exec("DELETE FROM entries");
      sql.exec("UPDATE chain SET seq = 0, hash = ?", GENESIS);
    });
    expect(await places()).toEqual([{ kind: "tail_missing", from_seq: 1, to_seq: 20 }]);
  });

  it("with all hashes computed again after an edit breaks between the last two signed heads around it", async () => {
    await tamper((sql) => {
      sql.exec("UPDATE entries SET actor_id = 'mallory' WHERE seq = 15");
      relink(sql, 15);
    });
    const found = await places();
    expect(found).toContainEqual({ kind: "head_mismatch", from_seq: 13, to_seq: 20 });
    expect(found).toContainEqual({ kind: "projection_differs", from_seq: 15, to_seq: 20 });
    await forgetProjection();
    expect(await places(4)).toContainEqual({ kind: "head_mismatch", from_seq: 13, to_seq: 20 });
  });

  it("with storage that was set back and written again breaks, and its head does not replace the first", async () => {
    const numbers = async () =>
      (await env.DOCUMENTS.list({ prefix: "audit/main/heads/" })).objects.map(({ key, etag }) => `${key} ${etag}`);
    const before = await numbers();
    await tamper((sql) => {
      sql.exec("DELETE FROM entries WHERE seq > 14");
      sql.exec("DELETE FROM heads WHERE number = 2");
      sql.exec("UPDATE chain SET seq = 14, hash = ?, projected_seq = 14", saved[13]?.hash ?? "");
    });
    await report(Array.from({ length: 6 }, (_, i) => reported(`fork${i}`)));
    await settle();
    const found = await places();
    expect(found).toContainEqual({ kind: "head_mismatch", from_seq: 13, to_seq: 20 });
    expect(found).toContainEqual({ kind: "projection_differs", from_seq: 15, to_seq: 20 });
    expect(await numbers()).toEqual(expect.arrayContaining(before));
    const forked = (await env.DOCUMENTS.list({ prefix: "audit/main/heads/" })).objects.at(-1);
    await env.DOCUMENTS.delete(forked?.key ?? "");
    await tamper((sql) => {
      sql.exec("DELETE FROM heads WHERE number > 2");
      sql.exec("DELETE FROM due_times");
    });
  });

  it("with a forged or missing head breaks", async () => {
    const key = "audit/main/heads/0000000001.json";
    const real = await env.DOCUMENTS.head(key);
    const statement = real?.customMetadata?.statement ?? "";
    await env.DOCUMENTS.put(key, "x", { customMetadata: { statement: statement.replace('"seq":12', '"seq":11') } });
    const found = await places();
    expect(found).toContainEqual({ kind: "head_forged", from_seq: 11, to_seq: 11 });
    await env.DOCUMENTS.delete(key);
    expect(await places()).toEqual([{ kind: "head_missing", from_seq: 1, to_seq: 20 }]);
    await env.DOCUMENTS.put(key, statement, { customMetadata: { statement } });
  });
});
