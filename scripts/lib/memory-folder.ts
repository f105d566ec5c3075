import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Linux keeps files in memory. */
const MEMORY = "/dev/shm";
/** What tests may leave in it at once, several times over, bytes. */
const ENOUGH = 4 * 1024 ** 3;

/**
 * A new folder for the temporary files of tests: in memory where the machine has enough of it, else on the disk. The local
 * runtime waits for the disk after each write, which is a third of the time of tests that write all the time.
 * @returns its path, and what removes it.
 */
export function temporaryFolder(prefix: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(hasEnoughMemory() ? MEMORY : tmpdir(), prefix));
  // A database that a test starts as another user keeps its files below.
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

function hasEnoughMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH;
  } catch {
    return false;
  }
}
