import { mayBecome, type Status } from "../translation/types.ts";
import type { ItemOutcome, JournalItem } from "./contract.ts";

/** The data that a journal has about a record. */
export interface Known {
  version: number;
  hash: string;
  status: Status;
  created_at: number;
  deleted_at: number | null;
}

/** The outcome of an item, from the data about it and about its session. */
export function judge(
  { kind, session, status, record, hash }: JournalItem,
  known: ReadonlyMap<string, Known>,
): ItemOutcome {
  const { id, version } = record;
  const invalid = (rule: string, message: string): ItemOutcome => ({ id, status: "invalid", error: { rule, message } });
  const owner = known.get(session);
  if (owner?.deleted_at != null) return invalid("session_deleted", "the session was deleted");
  if (kind === "task" && owner === undefined) return invalid("unknown_session", `there is no session ${session}`);
  const before = known.get(id);
  if (before === undefined) return { id, status: "created" };
  if (version < before.version) return { id, status: "stale" };
  if (version === before.version) {
    if (hash === before.hash) return { id, status: "duplicate" };
    return invalid("version_reused", `version ${version} was written before with another content`);
  }
  if (!mayBecome(before.status, status))
    return invalid("illegal_status", `an item that is ${before.status} cannot become ${status}`);
  return { id, status: "updated" };
}
