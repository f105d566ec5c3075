import { askForDeliveries, forgetListeners, hooksAreOn } from "../../hooks/index.ts";
import { directory, everyShard, type Shard } from "../../platform/database/shards.ts";
import type { Resolve } from "../../platform/http/outbound.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import { dueSince } from "./due.ts";
import { LEASE_MS, MAX_PAGES, PAGES_AT_ONCE, pause, RUN_MS } from "./limits.ts";
import { deliverPage, type Page, Run } from "./page.ts";
import { signerOf } from "./secrets.ts";
import { bodyOf, sendEvent, shortMemory } from "./send.ts";
import { endHook, keepHook, releaseHook, savePage, takeHook, waitingPages } from "./statements.ts";
import type { HookRow } from "./tables.ts";

/** A next try within this time is asked for by a message; the minute's cron finds later ones. */
const SOON_MS = 60_000;

/** The subscription is another worker's by now, or nobody's. */
class LeaseLost extends Error {}

interface Held {
  row: HookRow;
  lease: string;
}

/**
 * Delivers what is due of one subscription. It may be killed anywhere: what was delivered since the last page was written down
 * is then delivered once more, under the same ids.
 * @param resolve what a name leads to.
 */
export async function runHook(env: Env, id: string, resolve?: Resolve): Promise<void> {
  if (!hooksAreOn(env)) return;
  const db = directory(env);
  const lease = crypto.randomUUID();
  const now = Date.now();
  const row = await takeHook(db, id, lease, now, now + LEASE_MS).first<HookRow>();
  // Somebody else has it, its receiver is down, or it is gone.
  if (row === null) return;
  const held = { row, lease };
  const sign = await signerOf(env, row, now);
  if (sign === null) {
    const error = "The stored secret cannot be read with the present AUTH_SECRET. Make a new one.";
    await release(env, held, { last: { at: now, status: null, error }, down: true, success: null, retryAfter: null });
    return;
  }
  const names = shortMemory(resolve);
  const send = (event: Parameters<Run["send"]>[0]) =>
    sendEvent(env, row.url, sign, { id: event.id, body: bodyOf(event) }, names);
  const run = new Run(send, row.failing_since, now + RUN_MS);
  try {
    await deliverAll(env, held, run);
    if (run.isGone) {
      const { meta } = await endHook(db, id, lease, Date.now()).run();
      forgetListeners();
      if (meta.changes > 0) logEvent("webhook_gone", { subscription: id });
    }
    const { last, isDown: down, lastSuccess: success, retryAfter } = run;
    await release(env, held, { last, down, success, retryAfter });
    if (run.isOver) return;
    const wait = run.next - Date.now();
    // Also what came after its pages were read: whoever asked for it found the lease taken.
    if ((await dueSince(env, id, Date.now())) !== null) await askForDeliveries(env, [id]);
    else if (wait < SOON_MS) await askForDeliveries(env, [id], Math.max(1, Math.ceil(wait / 1_000)));
  } catch (fault) {
    // The lease ends by itself, and the cron comes again.
    if (!(fault instanceof LeaseLost)) throw fault;
  }
}

async function deliverAll(env: Env, held: Held, run: Run): Promise<void> {
  for (const shard of everyShard(env)) {
    if (!run.isOver && Date.now() <= run.until) await deliverShard(env, shard, held, run);
  }
}

async function deliverShard(env: Env, { db, name }: Shard, held: Held, run: Run): Promise<void> {
  const { row, lease } = held;
  let after = -1;
  for (let looked = 0; looked < MAX_PAGES; looked += PAGES_AT_ONCE) {
    const { results } = await waitingPages(db, row.id, after, PAGES_AT_ONCE).all<Page>();
    for (const [index, page] of results.entries()) {
      after = page.seq;
      const done = await deliverPage(run, page);
      if (done === null) continue;
      const saved = await savePage(db, row.id, page.seq, page.revision, done.events, done.due_at).run();
      // Somebody was erased, or asked for a repetition: the page as it is now comes again.
      if (saved.meta.changes === 0) logFault("webhook_page_changed", new Error("changed meanwhile"), { shard: name });
      if (run.isOver) return;
      // After the last page nothing is to be kept any more.
      if (index === results.length - 1 && results.length < PAGES_AT_ONCE) return;
      const kept = await keepHook(directory(env), row.id, lease, Date.now() + LEASE_MS).first();
      if (kept === null) throw new LeaseLost("the subscription is another worker's by now");
      if (Date.now() > run.until) return;
    }
    if (results.length < PAGES_AT_ONCE) return;
  }
}

interface Ending {
  last: Run["last"];
  down: boolean;
  success: number | null;
  retryAfter: number | null;
}

async function release(env: Env, { row, lease }: Held, { last, down, success, retryAfter }: Ending): Promise<void> {
  const failures = down ? row.failures + 1 : success === null ? row.failures : 0;
  const since = success !== null ? null : last === null ? row.failing_since : (row.failing_since ?? last.at);
  const paused = down ? Date.now() + pause(failures, retryAfter) : 0;
  const { at = null, status = null, error = null } = last ?? {};
  await releaseHook(directory(env), row.id, lease, paused, failures, since, at, status, error, success).run();
}
