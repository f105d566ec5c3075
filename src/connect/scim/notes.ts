import { directory } from "../../platform/database/shards.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { logFault } from "../../platform/log.ts";
import { noteIgnored, noteRefusal, noteSync } from "../groups/statements.ts";

// What the operator's page says of a directory: beside the answers, and no more often than is of use.

const SOURCE = "scim";
/** Notes of an isolate: more would write one row again and again. */
const NOTE_EVERY_MS = 5_000;
const IGNORED_EVERY_MS = 3_600_000;
const MAX_FAILURE = 200;
const noted = { done: 0, refused: 0 };
const ignoredAt = new Map<string, number>();

/** A change of the directory was done. After one that was refused, this is noted at once: the count of those ends. */
export function noteDone(c: AppContext): void {
  const now = Date.now();
  if (now - noted.done < NOTE_EVERY_MS && noted.done > noted.refused) return;
  noted.done = now;
  later(c, noteSync(directory(c.env), SOURCE, now));
}

/** A request of the directory was refused. @param why names rules, and nobody. */
export function noteRefused(c: AppContext, why: string): void {
  const now = Date.now();
  if (now - noted.refused < NOTE_EVERY_MS) return;
  noted.refused = now;
  later(c, noteRefusal(directory(c.env), SOURCE, now, why.slice(0, MAX_FAILURE)));
}

/** Attributes that were taken and not kept. Their names are the standard's: there are some sixty. */
export function noteNotKept(c: AppContext, names: readonly string[]): void {
  const now = Date.now();
  const due = names.filter((name) => now - (ignoredAt.get(name) ?? 0) >= IGNORED_EVERY_MS);
  if (due.length === 0) return;
  for (const name of due) ignoredAt.set(name, now);
  later(c, noteIgnored(directory(c.env), SOURCE, JSON.stringify(Object.fromEntries(due.map((name) => [name, now])))));
}

function later(c: AppContext, note: D1PreparedStatement): void {
  c.executionCtx.waitUntil(note.run().catch((fault: unknown) => logFault("sync_not_noted", fault)));
}
