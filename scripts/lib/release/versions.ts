import { PARTS, type Part } from "../environments.ts";
import type { Cloudflare } from "./cloudflare.ts";
import { type Figures, NO_FIGURES, together } from "./figures.ts";

/** A version of each of the two Workers, by their ids: what a commit is when it runs. */
export type Versions = Readonly<Record<Part, string>>;

/** The header that asks for these versions by name, whatever their shares are. */
export function overrides(scripts: Readonly<Record<Part, string>>, versions: Versions): Record<string, string> {
  const named = PARTS.map((part) => `${scripts[part]}="${versions[part]}"`).join(", ");
  return { "cloudflare-workers-version-overrides": named };
}

/**
 * Gives versions their shares of the requests. The back comes first: it serves the whole API, so that a new edge finds
 * behind it whatever it forwards. Until the second call has succeeded, versions of two commits work together.
 */
export async function deployBoth(
  cloudflare: Cloudflare,
  scripts: Readonly<Record<Part, string>>,
  shares: readonly { versions: Versions; percentage: number }[],
  message: string,
  options: { force?: boolean } = {},
): Promise<void> {
  for (const part of PARTS.toReversed()) {
    const own = shares.map(({ versions, percentage }) => ({ version_id: versions[part], percentage }));
    await cloudflare.deploy(scripts[part], own, message, options);
  }
}

/** What both Workers have answered. What the edge forwards is counted by the back alone. */
export function figuresOf(figures: ReadonlyMap<string, Figures>, versions: Versions): Figures {
  const [one, other] = PARTS.map((part) => figures.get(versions[part]) ?? NO_FIGURES);
  const both = together(new Map([["", one ?? NO_FIGURES]]), new Map([["", other ?? NO_FIGURES]]));
  const buckets = new Map(one?.buckets);
  for (const [bound, count] of other?.buckets ?? []) buckets.set(bound, (buckets.get(bound) ?? 0) + count);
  return { ...(both.get("") ?? NO_FIGURES), buckets };
}
