import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { sha256Hex } from "../platform/hash.ts";
import { logFault } from "../platform/log.ts";
import type { Listener } from "./memory.ts";
import { listenersOf } from "./memory.ts";
import { ADD_PAGE, ADD_PAGE_OF_ENROLLMENTS } from "./statements.ts";
import { webhookPages } from "./tables.ts";
import type { NewHookEvent, News, ProjectedNews } from "./types.ts";

/** Events of one page. After a try of any of them, the whole page is stored again. */
const PAGE_EVENTS = 50;
/** Hex digits of an event's id: 128 bits. */
const ID_DIGITS = 32;

/** News of one enrollment in one delivery of the queue. */
export interface EnrollmentNews {
  enrollment: string;
  course: string;
  /** The last outbox row of these news. */
  head: number;
  news: readonly ProjectedNews[];
}

/** Always the same for the same event, however often it is sent, so that receivers recognise repetitions. */
async function idOf(about: string, key: string): Promise<string> {
  return `evt_${(await sha256Hex(`${about} ${key}`)).slice(0, ID_DIGITS)}`;
}

function pagesOf<T>(all: readonly T[]): T[][] {
  const pages: T[][] = [];
  for (let start = 0; start < all.length; start += PAGE_EVENTS) pages.push(all.slice(start, start + PAGE_EVENTS));
  return pages;
}

/**
 * Statements that store news of enrollments for subscriptions. They belong to the batch that writes the mirror of these
 * enrollments, before its other statements. Stored news are left out, because of `told_to` in the enrollment's row,
 * which the mirror in the same batch raises.
 * @returns them, with the subscriptions that will have something to deliver, and up to where each enrollment is stored
 * then.
 */
export async function newsStatements(
  env: Env,
  db: D1Database,
  group: readonly EnrollmentNews[],
  now: number,
): Promise<{ statements: D1PreparedStatement[]; listeners: string[]; toldTo: ReadonlyMap<string, number> }> {
  const waiting = new Map<string, { enrollment: string; row: number; event: NewHookEvent }[]>();
  const toldTo = new Map<string, number>();
  for (const { enrollment, course, head, news } of group) {
    const listeners = news.length === 0 ? [] : await listenersOf(env, course);
    for (const { row, part, type, at, data } of news) {
      const heard = listeners.filter(({ types }) => types.has(type));
      if (heard.length === 0) continue;
      const id = await idOf(enrollment, `${row} ${type} ${part}`);
      const event = { id, type, course, about: enrollment, at, since: now, data };
      toldTo.set(enrollment, head);
      for (const listener of heard) {
        waiting.set(listener.id, [...(waiting.get(listener.id) ?? []), { enrollment, row, event }]);
      }
    }
  }
  const statements = [...waiting].flatMap(([subscription, events]) =>
    pagesOf(events).flatMap((page) => ADD_PAGE_OF_ENROLLMENTS.over(db, page, subscription, now)),
  );
  return { statements, listeners: [...waiting.keys()], toldTo };
}

/** Asks for the deliveries of these. The minute cron finds them too, so a failure costs only time. */
export async function askForDeliveries(env: Env, subscriptions: readonly string[], delaySeconds = 0): Promise<void> {
  for (const subscription of subscriptions) {
    try {
      await env.WEBHOOK_QUEUE.send({ type: "webhooks", subscription }, { delaySeconds });
    } catch (fault) {
      logFault("webhooks_not_asked", fault, { subscription });
    }
  }
}

/**
 * The same as {@link tellHooks} for a batch on the directory: the change and its news are both stored, or neither is.
 * @returns statements, and the subscriptions that will have something to deliver.
 */
export async function newsItems(
  env: Env,
  db: Database,
  { course, type, at, about, key, data }: News,
): Promise<{ items: BatchItem<"sqlite">[]; listeners: string[] }> {
  const heard = (await listenersOf(env, course)).filter(({ types }) => types.has(type));
  if (heard.length === 0) return { items: [], listeners: [] };
  const now = Date.now();
  const event = { id: await idOf(about, `${type} ${key}`), type, course, about, at, since: now, data };
  const events = JSON.stringify([event satisfies NewHookEvent]);
  const items = heard.map(({ id }) =>
    db.insert(webhookPages).select(sql`SELECT ${id},
      max(${now}, coalesce((SELECT max(seq) FROM webhook_pages WHERE subscription = ${id}), 0) + 1), ${events}, ${now}, 0, ${now}`),
  );
  return { items, listeners: heard.map(({ id }) => id) };
}

/**
 * Statements for the directory that store news that come from no enrollment's object.
 * @returns them, and the subscriptions that will have something to deliver.
 */
export async function newsOfDirectory(
  env: Env,
  news: readonly News[],
): Promise<{ statements: D1PreparedStatement[]; listeners: string[] }> {
  const now = Date.now();
  const waiting = new Map<Listener["id"], NewHookEvent[]>();
  for (const { course, type, at, about, key, data } of news) {
    const heard = (await listenersOf(env, course)).filter(({ types }) => types.has(type));
    if (heard.length === 0) continue;
    const event = { id: await idOf(about, `${type} ${key}`), type, course, about, at, since: now, data };
    for (const { id } of heard) waiting.set(id, [...(waiting.get(id) ?? []), event]);
  }
  const statements = [...waiting].flatMap(([subscription, events]) =>
    pagesOf(events).flatMap((page) => ADD_PAGE.over(directory(env), page, subscription, now)),
  );
  return { statements, listeners: [...waiting.keys()] };
}

/**
 * Stores news for subscriptions.
 * @throws if they could not be stored: the caller must try again, or they are lost.
 */
export async function tellHooks(env: Env, news: readonly News[]): Promise<void> {
  const { statements, listeners } = await newsOfDirectory(env, news);
  if (statements.length === 0) return;
  await directory(env).batch(statements);
  await askForDeliveries(env, listeners);
}
