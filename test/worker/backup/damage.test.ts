import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { MANIFEST, newBackupId } from "../../../src/backup/format.ts";
import { keyOf } from "../../../src/backup/store.ts";
import { call, problem } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import { admin, smallBackup, workThrough } from "./support.ts";

type Damage = (id: string, parts: readonly string[]) => Promise<void>;

async function bytesOf(key: string): Promise<Uint8Array> {
  const stored = await env.BACKUPS.get(key);
  if (stored === null) throw new Error(`there is no ${key}`);
  return new Uint8Array(await stored.arrayBuffer());
}

/** What may happen to a backup, by the name under which it must be refused. */
const DAMAGES: Record<string, [code: string, status: number, Damage]> = {
  "a part that is gone": [
    "backup_part_missing",
    422,
    async (id, [, second = ""]) => env.BACKUPS.delete(keyOf(id, second)),
  ],
  "a part that ends too early": [
    "backup_part_truncated",
    422,
    async (id, [first = ""]) => {
      const key = keyOf(id, first);
      await env.BACKUPS.put(key, (await bytesOf(key)).slice(0, -40));
    },
  ],
  "a part that is empty": [
    "backup_part_truncated",
    422,
    async (id, [first = ""]) => void (await env.BACKUPS.put(keyOf(id, first), "")),
  ],
  "one bit of a part": [
    "backup_part_damaged",
    422,
    async (id, [first = ""]) => {
      const key = keyOf(id, first);
      const bytes = await bytesOf(key);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await env.BACKUPS.put(key, bytes);
    },
  ],
  "bytes after the end of a part": [
    "backup_part_damaged",
    422,
    async (id, [first = ""]) => {
      const key = keyOf(id, first);
      await env.BACKUPS.put(key, new Blob([await bytesOf(key), "more"]));
    },
  ],
  "two parts in each other's place": [
    "backup_part_swapped",
    422,
    async (id, [first = "", second = ""]) => {
      const [one, other] = [await bytesOf(keyOf(id, first)), await bytesOf(keyOf(id, second))];
      await env.BACKUPS.put(keyOf(id, first), other);
      await env.BACKUPS.put(keyOf(id, second), one);
    },
  ],
  "a part of another backup in its place": [
    "backup_part_swapped",
    422,
    async (id, [first = ""]) => {
      const other = newBackupId(Date.now());
      await smallBackup(other);
      await env.BACKUPS.put(keyOf(id, first), await bytesOf(keyOf(other, first)));
    },
  ],
  "a manifest with another number in it": [
    "backup_manifest_tampered",
    422,
    async (id) => {
      const text = new TextDecoder().decode(await bytesOf(keyOf(id, MANIFEST)));
      await env.BACKUPS.put(keyOf(id, MANIFEST), text.replace('"mark":1', '"mark":9'));
    },
  ],
  "a manifest that does not mention a part": [
    "backup_manifest_tampered",
    422,
    async (id) => {
      const { manifest, signature } = JSON.parse(new TextDecoder().decode(await bytesOf(keyOf(id, MANIFEST))));
      manifest.parts.pop();
      await env.BACKUPS.put(keyOf(id, MANIFEST), JSON.stringify({ manifest, signature }));
    },
  ],
  "a manifest cut short": [
    "backup_manifest_tampered",
    422,
    async (id) => {
      const bytes = await bytesOf(keyOf(id, MANIFEST));
      await env.BACKUPS.put(keyOf(id, MANIFEST), bytes.slice(0, -10));
    },
  ],
  "the manifest of another backup": [
    "backup_manifest_tampered",
    422,
    async (id) => {
      const other = newBackupId(Date.now());
      await smallBackup(other);
      await env.BACKUPS.put(keyOf(id, MANIFEST), await bytesOf(keyOf(other, MANIFEST)));
    },
  ],
  "a manifest that was never written": [
    "backup_incomplete",
    409,
    async (id) => env.BACKUPS.delete(keyOf(id, MANIFEST)),
  ],
};

describe("a damaged backup", () => {
  it("is told apart from a good one", async () => {
    const { id } = await smallBackup(newBackupId(Date.now()));
    expect(await workThrough(id, "check")).toMatchObject({ done: true });
  });

  for (const [what, [code, status, damage]] of Object.entries(DAMAGES)) {
    it(`is refused by name by every task, and nothing is restored: ${what}`, async () => {
      const backup = await smallBackup(newBackupId(Date.now()));
      await damage(
        backup.id,
        backup.parts.map(({ name }) => name),
      );
      for (const task of ["check", "verify", "restore"]) {
        const answer = await call("POST", `/system/backups/${backup.id}/work`, {
          token: await admin(),
          body: task === "restore" ? { task, erasures: "none" } : { task },
        });
        expect((await problem(answer, status)).code, task).toBe(code);
      }
      expect(await spread.prepare("SELECT count(*) AS n FROM users").first("n")).toBe(0);
    });
  }

  it("is refused if its schema is newer than this release, or was changed by hand", async () => {
    const { results } = await spread.prepare("SELECT name FROM d1_migrations ORDER BY id").all<{ name: string }>();
    const migrations = results.map(({ name }) => name);
    for (const schema of [
      { migrations: [...migrations, "9999_newer.sql"], sha256: "" },
      { migrations, sha256: "0".repeat(64) },
      { migrations: ["0001_other.sql"], sha256: "" },
    ]) {
      const { id } = await smallBackup(newBackupId(Date.now()), { schema });
      for (const task of ["verify", "restore"]) {
        const body = task === "restore" ? { task, erasures: "none" } : { task };
        const answer = await call("POST", `/system/backups/${id}/work`, { token: await admin(), body });
        expect((await problem(answer, 422)).code).toBe("backup_schema_mismatch");
      }
    }
  });

  it("is refused if it has other columns than the table", async () => {
    // An older state of the schema is accepted, but every column must be known.
    const { id } = await smallBackup(newBackupId(Date.now()));
    const answer = await call("POST", `/system/backups/${id}/work`, {
      token: await admin(),
      body: { task: "restore", erasures: "none" },
    });
    expect((await problem(answer, 422)).code).toBe("backup_schema_mismatch");
  });
});
