import { percentOf } from "../../unlock/index.ts";

// What a result of a gradebook says (Assignment and Grade Services 2.0, result service). Pure.

export interface Judgeable {
  score: unknown;
  maximum: unknown;
}

/** A result without a score is none yet, or was taken away. One that breaks the standard says nothing. */
export type Judged = "ungraded" | "invalid" | { percent: number; maximum: number };

/** The maximum if a result names none, as Canvas documents it for its results (2026). */
const USUAL_MAXIMUM = 1;

export function judged({ score, maximum }: Judgeable): Judged {
  if (score == null) return "ungraded";
  const most = maximum ?? USUAL_MAXIMUM;
  // Nothing can be a share of zero. Canvas documents that it may say zero.
  if (typeof score !== "number" || typeof most !== "number" || !(most > 0)) return "invalid";
  const percent = percentOf({ points: score, min: 0, max: most });
  if (percent === null || !Number.isFinite(percent)) return "invalid";
  // A bonus is above the maximum, and a score here has an end.
  return { percent: Math.min(100, Math.max(0, percent)), maximum: most };
}

/** Gradebooks show points with two decimals: so much of a percentage may get lost on the way there and back. */
const SHOWN = 0.005;

/** Whether a result is one of the scores that were sent to its column: it may be rounded to the column's own points. */
export function isEcho({ percent, maximum }: Exclude<Judged, string>, sent: readonly number[]): boolean {
  const lost = Math.max(SHOWN, (SHOWN * 100) / maximum) + 1e-9;
  return sent.some((one) => Math.abs(one - percent) <= lost);
}

/** One column has one address, in whichever order its query stands. */
export function columnKey(address: string): string {
  const url = URL.parse(address);
  if (url === null) return address;
  url.searchParams.sort();
  url.hash = "";
  url.pathname = url.pathname.replace(/\/$/, "");
  return url.href;
}
