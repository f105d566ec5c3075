import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { CommandError, UsageError } from "./command.ts";
import type { Erasures, RemoteBackups } from "./remote.ts";

/** Name of the list of erasures beside copied backups. */
export const ERASURES_FILE = "erasures.json";
const OWNER_ONLY = 0o600;

/** Writes a list in the place of an older one; a crash leaves the one or the other. */
export function writeErasures(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: OWNER_ONLY });
  renameSync(`${path}.new`, path);
}

/**
 * What --erasures says, brought to the deployment when it is a list.
 * @param found a list that lies beside the backup, to be named where nothing was said.
 */
export async function erasuresFor(
  remote: RemoteBackups,
  said: string | undefined,
  found: string | null,
): Promise<{ erasures: Erasures; known_to: string | null }> {
  if (said === undefined) {
    const list = found === null ? "" : ` A list lies at ${found}; the newest one you have is the right one.`;
    throw new UsageError(
      `Say who was erased since the backup: --erasures FILE (from npm run erasures), bucket, or none.${list}`,
    );
  }
  if (said === "bucket" || said === "none") return { erasures: said, known_to: null };
  if (!existsSync(said)) throw new CommandError(`There is no list of erasures at ${said}.`);
  const { at } = await remote.bringErasures(JSON.parse(readFileSync(said, "utf8")));
  return { erasures: "list", known_to: at };
}
