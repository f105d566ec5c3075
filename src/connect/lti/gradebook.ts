import { z } from "zod";
import type { Judgeable } from "./judged.ts";
import { linkIn } from "./member-list.ts";
import { callService, jsonIn, LINE_ITEMS_SCOPE, RESULTS_SCOPE, ServiceFault } from "./services.ts";
import type { Platform } from "./tables.ts";

// The gradebook of a course of a platform, page after page (Assignment and Grade Services 2.0: line items in section 3.2, results
// in section 3.3).

const LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json";
const RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json";
/** Pages of one list, results of one column, and columns that are kept to choose from. */
const MAX_PAGES = 500;
const MAX_RESULTS = 25_000;
const MAX_LINE_ITEMS = 200;
const MAX_ADDRESS = 1_000;
const MAX_LABEL = 200;

const lineItemSchema = z.looseObject({
  id: z.string().min(1).max(MAX_ADDRESS),
  label: z.string().nullish(),
  scoreMaximum: z.number().nullish(),
});

/** A column of a gradebook, to choose from. */
export interface LineItem {
  line_item: string;
  label: string;
  maximum: number | null;
}

/** Where a service below a column is: the address of a column may have a query, which stays behind (section 3.2.3). */
export function addressBelow(lineItem: string, service: "scores" | "results"): string {
  const url = new URL(lineItem);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${service}`;
  return url.href;
}

/** The columns of a gradebook: those that the platform lets this tool see. @throws ServiceFault */
export async function readLineItems(env: Env, platform: Platform, address: string, now: number): Promise<LineItem[]> {
  const found: LineItem[] = [];
  for await (const rows of pages(env, platform, LINE_ITEMS_SCOPE, LINE_ITEMS, "columns", address, now)) {
    for (const row of rows) {
      const read = lineItemSchema.safeParse(row);
      if (!read.success) throw new ServiceFault("columns_unreadable");
      const { id, label, scoreMaximum } = read.data;
      found.push({ line_item: id, label: (label ?? "").slice(0, MAX_LABEL), maximum: scoreMaximum ?? null });
    }
    if (found.length >= MAX_LINE_ITEMS) break;
  }
  return found.slice(0, MAX_LINE_ITEMS);
}

/** What a column says of everybody. @throws ServiceFault. Half a column is none. */
export async function readResults(
  env: Env,
  platform: Platform,
  lineItem: string,
  now: number,
): Promise<Map<string, Judgeable>> {
  const found = new Map<string, Judgeable>();
  const address = addressBelow(lineItem, "results");
  for await (const rows of pages(env, platform, RESULTS_SCOPE, RESULTS, "results", address, now)) {
    for (const row of rows) {
      const read = personSchema.safeParse(row);
      if (!read.success) throw new ServiceFault("results_unreadable");
      const { userId, resultScore, resultMaximum } = read.data;
      found.set(userId, { score: resultScore, maximum: resultMaximum });
    }
    if (found.size > MAX_RESULTS) throw new ServiceFault("too_many_results");
  }
  return found;
}
const personSchema = z.looseObject({
  userId: z.string().min(1).max(255),
  resultScore: z.unknown().optional(),
  resultMaximum: z.unknown().optional(),
});

async function* pages(
  env: Env,
  platform: Platform,
  scope: string,
  accept: string,
  word: "columns" | "results",
  address: string,
  now: number,
): AsyncGenerator<unknown[]> {
  const { origin } = new URL(address);
  let next: string | null = address;
  for (let page = 0; next !== null; page += 1) {
    if (page === MAX_PAGES) throw new ServiceFault("too_many_pages");
    // The token is for the server that the launch named.
    if (new URL(next).origin !== origin) throw new ServiceFault("page_elsewhere");
    const answer = await callService(env, platform, scope, next, { method: "GET", headers: { accept } }, now);
    if (answer.status !== 200) throw new ServiceFault(`${word}_refused: ${answer.status}`);
    const read = z.array(z.unknown()).safeParse(jsonIn(answer));
    if (!read.success) throw new ServiceFault(`${word}_unreadable`);
    yield read.data;
    next = linkIn(answer.headers.get("link"), "next", next);
  }
}
