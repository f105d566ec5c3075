import { env } from "cloudflare:workers";
import { forgetScrape } from "../../../src/ops/metrics/scrape.ts";
import { meter } from "../../../src/platform/metrics/meter.ts";
import { callWith } from "./faults.ts";

/** What a scraper reads: each sample's value under its name and labels, as they stand in the text. */
export type Scraped = Map<string, number>;

/** The text of /metrics, after everything this isolate has counted was pushed. */
export async function scrapeText(bindings: Partial<Env> = {}): Promise<string> {
  await meter.push(env, Date.now());
  forgetScrape();
  const answer = await fetchBare("/metrics", bindings, { authorization: `Bearer ${env.METRICS_TOKEN}` });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`/metrics: ${answer.status} ${text}`);
  return text;
}

export async function scraped(bindings: Partial<Env> = {}): Promise<Scraped> {
  return parse(await scrapeText(bindings));
}

/** Calls an address outside /api/v1. */
export function fetchBare(path: string, bindings: Partial<Env> = {}, headers: Record<string, string> = {}) {
  return callWith(bindings, "GET", `/../..${path}`, { headers });
}

function parse(text: string): Scraped {
  const samples: Scraped = new Map();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const at = line.lastIndexOf(" ");
    samples.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return samples;
}

/** How much each sample has grown. */
export function growth(before: Scraped, after: Scraped): Record<string, number> {
  const grown = [...after].map(([sample, value]) => [sample, value - (before.get(sample) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, by]) => by !== 0));
}
