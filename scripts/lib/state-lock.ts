import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Another process runs on the same state. */
export class StateInUseError extends Error {
  override readonly name = "StateInUseError";
}

/**
 * Claims a state directory for this process. Two runtimes on one state would each hold the objects in memory and
 * overwrite each other. The claim is a lock the system itself drops when the process dies, so none is ever left over.
 * @returns a function that gives the claim up.
 * @throws StateInUseError
 */
export function lockState(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true });
  const lock = new DatabaseSync(join(stateDir, "lock.sqlite"), { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (fault) {
    lock.close();
    if (fault instanceof Error && Reflect.get(fault, "errcode") === SQLITE_BUSY) {
      throw new StateInUseError(`the state ${stateDir} is in use by another runtime`);
    }
    throw fault;
  }
  return () => {
    if (lock.isOpen) lock.close();
  };
}
