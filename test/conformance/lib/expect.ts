import { isDeepStrictEqual } from "node:util";
import type { Claim, Target } from "./case.ts";
import type { SseStream } from "./sse-stream.ts";

/** @throws with a sentence when a condition does not hold. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** @throws with both values when they differ. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: ${shown(actual)}, expected ${shown(expected)}`);
}

/** Names for a run of texts: `a1`, `a2`, … */
export function series(prefix: string, count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at + from}`);
}

/** Waits until a stream has received exactly these texts, in order, and a little longer for one too many. */
export async function receives(
  target: Target,
  stream: SseStream,
  texts: readonly string[],
  what: string,
): Promise<void> {
  await stream.until(() => textsOf(target, stream).length >= texts.length, what).catch(() => {}); // which ones are missing says more than that some are
  await new Promise((resolve) => setTimeout(resolve, 60));
  same(difference(textsOf(target, stream), texts), "", what);
}

/** Starts every text that a case publishes to everybody: other cases' streams may receive it at any time. */
export const TO_ALL = "all:";

/** The texts a stream has received that were published to its user, in order. */
export function textsOf(target: Target, stream: SseStream): string[] {
  return target.received(stream).flatMap(({ text }) => (text.startsWith(TO_ALL) ? [] : text));
}

/** Everybody's texts that a stream has received, in order; `tag` is that of one case. */
export function broadcastsOf(target: Target, stream: SseStream, tag: string): string[] {
  return target.received(stream).flatMap(({ text }) => (text.startsWith(TO_ALL) && text.includes(tag) ? text : []));
}

/** How two sequences differ, in one short line; empty when they do not. */
export function difference(actual: readonly string[], expected: readonly string[]): string {
  if (isDeepStrictEqual(actual, expected)) return "";
  const seen = new Set<string>();
  const twice = actual.filter((text) => seen.has(text) || !seen.add(text));
  const missing = expected.filter((text) => !seen.has(text));
  const foreign = actual.filter((text) => !expected.includes(text));
  const parts = [
    ...(missing.length > 0 ? [`${missing.length} missing (${list(missing)})`] : []),
    ...(twice.length > 0 ? [`${twice.length} twice (${list(twice)})`] : []),
    ...(foreign.length > 0 ? [`${foreign.length} that do not belong there (${list(foreign)})`] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : `wrong order (${list(actual)})`;
}

/** @throws when a resume claims something else. */
export async function claims(target: Target, stream: SseStream, expected: Claim, what: string): Promise<void> {
  if (expected !== "silent") {
    await stream.until(() => target.claim(stream) !== "silent", "a word about the resume", 2_000).catch(() => {});
  }
  same(target.claim(stream), expected, what);
}

function list(texts: readonly string[]): string {
  const few = texts.slice(0, 4).map((text) => shown(text));
  return texts.length > 4 ? `${few.join(", ")}, …` : few.join(", ");
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
