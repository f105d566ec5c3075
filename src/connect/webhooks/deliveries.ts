import type { HookEvent } from "../../hooks/index.ts";
import { everyShard } from "../../platform/database/shards.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { eventsIn, type Page } from "./page.ts";
import { pageAt, pagesBefore, pagesSince, savePage } from "./statements.ts";

/** Pages read by one statement, and changed by one request. */
const READ = 20;
const MOST_REPLAYED = 400;
/** Tries against others who change the same page. */
const TRIES = 3;

export interface Delivery {
  /** `<database>.<page>.<event>`. */
  id: string;
  /** Where it stands in the list. */
  position: string;
  event: HookEvent;
}

/**
 * Deliveries of a subscription, the newest first, from all databases.
 * @param after position of the last one that was given out.
 */
export async function newestDeliveries(
  env: Env,
  subscription: string,
  after: string | null,
  take: number,
): Promise<Delivery[]> {
  const [seq, shard, index] = (after ?? `${Number.MAX_SAFE_INTEGER} 0 0`).split(" ").map(Number);
  const last = { seq: seq ?? 0, shard: shard ?? 0, index: index ?? 0 };
  const found: (Delivery & { seq: number; shard: number; index: number })[] = [];
  for (const [number, { db }] of everyShard(env).entries()) {
    let before = last.seq;
    for (let count = 0; count < take; ) {
      const { results } = await pagesBefore(db, subscription, before, READ).all<Page>();
      for (const page of results) {
        before = page.seq - 1;
        for (const [at, event] of eventsIn(page).entries()) {
          const place = { seq: page.seq, shard: number, index: at };
          if (after !== null && compare(place, last) <= 0) continue;
          found.push({ id: `${number}.${page.seq}.${event.id}`, position: positionOf(place), event, ...place });
          count += 1;
        }
      }
      if (results.length < READ) break;
    }
  }
  return found.sort(compare).slice(0, take);
}

interface Place {
  seq: number;
  shard: number;
  index: number;
}

const positionOf = ({ seq, shard, index }: Place) => `${seq} ${shard} ${index}`;

/** The newest page first; within a page, the last event. */
function compare(one: Place, other: Place): number {
  return other.seq - one.seq || one.shard - other.shard || other.index - one.index;
}

function again(event: HookEvent, now: number): HookEvent {
  return { ...event, state: "w", tries: 0, since: now, next: 0, error: null };
}

/** Lets one event be delivered again. */
export async function replayDelivery(
  env: Env,
  subscription: string,
  id: string,
  now: number,
): Promise<Result<HookEvent>> {
  const [number, seq, event] = id.split(".");
  const shard = everyShard(env)[Number(number)];
  if (shard === undefined) return refuse("not_found");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const page = await pageAt(shard.db, subscription, Number(seq)).first<Page>();
    const events = page === null ? [] : eventsIn(page);
    const found = events.find((one) => one.id === event);
    if (page === null || found === undefined) return refuse("not_found");
    const waits = again(found, now);
    const text = JSON.stringify(events.map((one) => (one === found ? waits : one)));
    const { meta } = await savePage(shard.db, subscription, page.seq, page.revision, text, 0).run();
    if (meta.changes > 0) return ok(waits);
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

/** @returns how many events of a page wait again. */
async function replayPage(
  db: D1Database,
  subscription: string,
  first: Page,
  only: "failed" | "all",
  now: number,
): Promise<Result<number>> {
  let page: Page | null = first;
  for (let attempt = 0; page !== null && attempt < TRIES; attempt += 1) {
    const events = eventsIn(page);
    const asked = events.filter(({ state }) => state === "f" || (only === "all" && state === "d"));
    if (asked.length === 0) return ok(0);
    const text = JSON.stringify(events.map((one) => (asked.includes(one) ? again(one, now) : one)));
    const { meta } = await savePage(db, subscription, page.seq, page.revision, text, 0).run();
    if (meta.changes > 0) return ok(asked.length);
    page = await pageAt(db, subscription, page.seq).first<Page>();
  }
  return page === null ? ok(0) : refuse("concurrent_change", { retry_after: 1 });
}

/**
 * Lets what was written down since an instant be delivered again: what failed, or everything.
 * @returns how many, and the page from which another request goes on; null: that was all.
 */
export async function replaySince(
  env: Env,
  subscription: string,
  since: number,
  only: "failed" | "all",
  now: number,
): Promise<Result<{ replayed: number; next: number | null }>> {
  let replayed = 0;
  let next: number | null = null;
  for (const { db } of everyShard(env)) {
    let from = since;
    for (let looked = 0; ; looked += READ) {
      const { results } = await pagesSince(db, subscription, from, READ).all<Page>();
      if (looked >= MOST_REPLAYED) {
        if (results.length > 0) next = Math.min(next ?? from, from);
        break;
      }
      for (const page of results) {
        from = page.seq + 1;
        const again = await replayPage(db, subscription, page, only, now);
        if (!again.ok) return again;
        replayed += again.value;
      }
      if (results.length < READ) break;
    }
  }
  return ok({ replayed, next });
}
