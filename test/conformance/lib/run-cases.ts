import { randomBytes } from "node:crypto";
import { type Case, type CaseContext, NotOffered, type OpenOptions, type Outcome, type Target } from "./case.ts";
import type { SseStream } from "./sse-stream.ts";

/** Longest run of a case that says nothing else, milliseconds. */
const LIMIT_MS = 45_000;
/** A reason is a line in a table. */
const MAX_REASON = 400;

/**
 * Runs cases against a target: quick ones one after another, waiting ones beside each other, violent ones alone at last.
 */
export async function runCases(
  target: Target,
  cases: readonly Case[],
  report: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const found = new Map<Case, Outcome>();
  const one = async (entry: Case) => {
    const outcome = await runCase(target, entry);
    found.set(entry, outcome);
    report(outcome);
  };
  for (const entry of cases) if (entry.isSlow !== true && entry.isViolent !== true) await one(entry);
  await Promise.all(cases.filter(({ isSlow }) => isSlow === true).map(one));
  for (const entry of cases) if (entry.isViolent === true) await one(entry);
  return cases.flatMap((entry) => found.get(entry) ?? []);
}

async function runCase(target: Target, entry: Case): Promise<Outcome> {
  const { group, name } = entry;
  if (entry.needs.some((feature) => !target.features.has(feature))) {
    return { group, name, verdict: "not offered", ms: 0 };
  }
  const started = performance.now();
  const streams: SseStream[] = [];
  const prefix = randomBytes(5).toString("hex");
  let users = 0;
  const keep = (stream: SseStream) => {
    streams.push(stream);
    return stream;
  };
  const context: CaseContext = {
    target,
    user: (label = "u") => {
      users += 1;
      return `${label}-${prefix}-${users}`;
    },
    open: async (user: string, options?: OpenOptions) => keep(await target.open(user, options)),
    keep,
  };
  try {
    await within(entry.limitMs ?? LIMIT_MS, entry.run(context));
    return { group, name, verdict: "pass", ms: Math.round(performance.now() - started) };
  } catch (fault) {
    if (fault instanceof NotOffered) return { group, name, verdict: "not offered", ms: 0 };
    const reason = (fault instanceof Error ? fault.message : String(fault))
      .replaceAll(/\s+/g, " ")
      .slice(0, MAX_REASON);
    return { group, name, verdict: "FAIL", reason, ms: Math.round(performance.now() - started) };
  } finally {
    for (const stream of streams) stream.cut();
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${limitMs / 1_000} s`)), limitMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
