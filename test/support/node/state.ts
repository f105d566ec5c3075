import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shardsOfRun } from "../../../scripts/lib/config/file.ts";
import { applyMigrations, migrationDigests } from "../../../scripts/lib/migrations.ts";
import { fromRoot } from "../../../scripts/lib/paths.ts";

const CACHE = fromRoot("node_modules/.cache/latchkey");

/**
 * A new state directory with an empty, migrated database. Migrating takes seconds, so it is done once per set of
 * migrations and number of databases, and copied from then on. The caller removes it with {@link removeState}.
 */
export async function freshState(): Promise<string> {
  const made = JSON.stringify([shardsOfRun(), migrationDigests()]);
  const digest = createHash("sha256").update(made).digest("hex").slice(0, 16);
  const template = join(CACHE, `state-${digest}`);
  if (!existsSync(template)) {
    mkdirSync(CACHE, { recursive: true });
    const making = mkdtempSync(join(CACHE, "making-"));
    await applyMigrations(making);
    try {
      renameSync(making, template);
    } catch {
      rmSync(making, { recursive: true, force: true }); // another test run was faster
    }
  }
  const stateDir = emptyState();
  cpSync(template, stateDir, { recursive: true });
  return stateDir;
}

/** A new, empty state directory. */
export function emptyState(): string {
  return mkdtempSync(join(tmpdir(), "latchkey-state-"));
}

export function removeState(stateDir: string): void {
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 });
}
