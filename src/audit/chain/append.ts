import type { NewEntry } from "../entry.ts";
import type { NameUser } from "../people.ts";
import type { ChainContext } from "./context.ts";
import type { AppendOutcome } from "./contract.ts";
import { HEAD_INTERVAL_MS } from "./heads.ts";

/** Entries wait this long for others before they are projected. */
const PROJECTION_DELAY_MS = 1_000;

/** Adds entries inside a transaction, and schedules the work that new entries need. */
export function append(
  { store, scheduler }: ChainContext,
  entries: readonly NewEntry[],
  nameUser: NameUser,
  now: number,
): AppendOutcome[] {
  const outcomes = store.append(entries, nameUser, now);
  if (outcomes.some(({ status }) => status === "created")) {
    scheduler.schedule("project", now + PROJECTION_DELAY_MS);
    scheduler.schedule("head", now + HEAD_INTERVAL_MS);
  }
  return outcomes;
}
