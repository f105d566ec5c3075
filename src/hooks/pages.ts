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

/** Events of one page. All of a page are written down again when one of them was tried. */
const PAGE_EVENTS = 50;
/** Hex digits of an event's id: 128 bits. */
const ID_DIGITS = 32;

/** News of one enrollment that one delivery of the queue brings. */
export interface EnrollmentNews {
  enrollment: string;
  course: string;
  /** Row of the outbox up to which they are. */
  head: number;
  news: readonly ProjectedNews[];
}

/** The same for the same event, however often it is sent: receivers know by it what they had before. */
async function idOf(about: string, key: string): Promise<string> {
  return `evt_${(await sha256Hex(`${about} ${key}`)).slice(0, ID_DIGITS)}`;
}

function pagesOf<T>(all: readonly T[]): T[][] {
  const pages: T[][] = [];
  for (let start = 0; start < all.length; start += PAGE_EVENTS) pages.push(all.slice(start, start + PAGE_EVENTS));
  return pages;
}

/**
 * Statements that write news of enrollments down for whoever listens, for the batch that brings what they are about: before
 * its other statements. News that are written down already are left out, by `told_to` of the enrollment's row, which the
 * mirror of the same batch moves on.
 * @returns them, with the subscriptions that will have something to deliver, and how far each enrollment is told then.
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

/** Asks for the deliveries of these. The minute's cron finds them too, so a failure costs only time. */
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
 * The same as {@link tellHooks} for the batch of what it is about, on the directory: both are there, or neither is.
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
 * Statements for the directory that write down news that come from no enrollment's object.
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
 * Writes down news for whoever listens.
 * @throws when they could not be written: the caller comes again, or they are lost.
 */
export async function tellHooks(env: Env, news: readonly News[]): Promise<void> {
  const { statements, listeners } = await newsOfDirectory(env, news);
  if (statements.length === 0) return;
  await directory(env).batch(statements);
  await askForDeliveries(env, listeners);
}
