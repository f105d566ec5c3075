import { RE2JS } from "re2js";
import { idsIn } from "./asked.ts";
import { MAX_ANSWER } from "./max-answer.ts";
import { parseMeasure } from "./measure.ts";
import type { AnswerKey } from "./outline.ts";

/**
 * Largest regular expression, in RE2 instructions. Matching costs at most instructions times characters, so this and
 * {@link MAX_ANSWER} limit the work of one verdict to ten million steps.
 */
export const MAX_PATTERN_SIZE = 1_000;

/** This many compiled patterns are kept per isolate; the oldest is dropped first. */
const MAX_CACHED_PATTERNS = 64;

/**
 * Relative tolerance of numeric answers, so that 0.1 + 0.2 is 0.3: well above rounding errors, well below any tolerance
 * that an author means.
 */
const NUMERIC_EPSILON = 1e-9;

export interface Judgement {
  passed: boolean;
  /** Percent, two decimals. An answer with less than 100 has not passed, however much of it is right. */
  score: number;
}

type RegexKey = Extract<AnswerKey, { kind: "regex" }>;
type Compiled = { pattern: RE2JS } | { defect: string };

/**
 * Judges one answer. Time is linear in the answer for every key.
 *
 * exact: compared after Unicode NFC, trimming and collapsing of white space; in lower case unless the key says
 * otherwise. numeric: see `parseMeasure`; right within the tolerance, in the key's unit or another that it names.
 * regex: RE2 syntax, matched against the whole trimmed answer. choice: the one option. choices: all right options and
 * no other. ordering: all options in the right order. The last two give a part of the score if the key says `partial`.
 *
 * @throws if the key's pattern is not valid. Publishing refuses such a key (`invalid_pattern`), so this is a fault.
 */
export function judge(key: AnswerKey, answer: string): Judgement {
  const share = answer.length <= MAX_ANSWER ? shareOf(key, answer) : 0;
  return { passed: share === 1, score: share === 1 ? 100 : Math.floor(share * 10_000) / 100 };
}

/** How much of an answer is right, 0 to 1. */
function shareOf(key: AnswerKey, answer: string): number {
  switch (key.kind) {
    case "exact": {
      const given = normalize(answer, key.case_sensitive);
      return Number(given !== "" && key.values.some((value) => normalize(value, key.case_sensitive) === given));
    }
    case "numeric":
      return Number(isWithin(key, answer));
    case "regex": {
      const compiled = compile(key);
      if ("defect" in compiled) throw new Error(`an answer key has an invalid pattern: ${compiled.defect}`);
      return Number(compiled.pattern.testExact(answer.trim()));
    }
    case "choice":
      return Number(answer.trim() === key.option);
    case "choices":
      return shareOfChoices(key, new Set(idsIn(answer)));
    case "ordering":
      return shareOfOrder(key, idsIn(answer));
  }
}

function isWithin(key: Extract<AnswerKey, { kind: "numeric" }>, answer: string): boolean {
  const given = parseMeasure(answer);
  const factor = given === null ? undefined : factorOf(key, given.unit);
  if (given === null || factor === undefined) return false;
  const tolerance = Math.max(key.tolerance, (Math.abs(key.value) * (key.tolerance_percent ?? 0)) / 100);
  const slack = tolerance + NUMERIC_EPSILON * Math.max(1, Math.abs(key.value));
  return Math.abs(given.value * factor - key.value) <= slack;
}

/** The factor from the answer's unit to the key's unit; undefined if the key does not have this unit. */
function factorOf(key: Extract<AnswerKey, { kind: "numeric" }>, unit: string): number | undefined {
  const same = (name: string) => normalize(name, true) === normalize(unit, true);
  if (unit === "") return key.unit_required === true ? undefined : 1;
  if (key.unit !== undefined && same(key.unit)) return 1;
  return key.other_units?.find((other) => same(other.unit))?.factor;
}

/** Each wrong option takes away one right option, so that choosing everything gains nothing. */
function shareOfChoices(key: Extract<AnswerKey, { kind: "choices" }>, given: ReadonlySet<string>): number {
  const right = key.options.filter((option) => given.has(option)).length;
  const wrong = given.size - right;
  if (right === key.options.length && wrong === 0) return 1;
  return key.partial === true ? Math.min(Math.max(0, right - wrong) / key.options.length, ALMOST) : 0;
}

/** The share of neighbours in the right order that are also neighbours in the answer. */
function shareOfOrder(key: Extract<AnswerKey, { kind: "ordering" }>, given: readonly string[]): number {
  const right = key.options;
  if (given.length === right.length && given.every((option, index) => option === right[index])) return 1;
  if (key.partial !== true || right.length < 2) return 0;
  const next = new Map(given.map((option, index) => [option, given[index + 1]]));
  const kept = right.slice(0, -1).filter((option, index) => next.get(option) === right[index + 1]).length;
  return Math.min(kept / (right.length - 1), ALMOST);
}

/** A partial score is never the full score. */
const ALMOST = 0.9999;

/** Why a pattern cannot be used as an answer key, in one sentence, or null. */
export function patternDefect(key: RegexKey): string | null {
  const compiled = compile(key);
  return "defect" in compiled ? compiled.defect : null;
}

/** `toLowerCase` and not `toLocaleLowerCase`: a verdict must not depend on the place where it is computed. */
function normalize(text: string, isCaseSensitive: boolean): string {
  const plain = text.normalize("NFC").trim().replace(/\s+/g, " ");
  return isCaseSensitive ? plain : plain.toLowerCase();
}

const patterns = new Map<string, Compiled>();

function compile(key: RegexKey): Compiled {
  const cacheKey = `${key.case_sensitive ? "s" : "i"}${key.pattern}`;
  const known = patterns.get(cacheKey);
  if (known !== undefined) return known;
  const compiled = compileUncached(key);
  const [oldest] = patterns.keys();
  if (oldest !== undefined && patterns.size >= MAX_CACHED_PATTERNS) patterns.delete(oldest);
  patterns.set(cacheKey, compiled);
  return compiled;
}

function compileUncached(key: RegexKey): Compiled {
  try {
    const pattern = RE2JS.compile(key.pattern, key.case_sensitive ? 0 : RE2JS.CASE_INSENSITIVE);
    const size = pattern.programSize();
    if (size <= MAX_PATTERN_SIZE) return { pattern };
    return { defect: `The pattern is too costly: ${size} instructions, at most ${MAX_PATTERN_SIZE} are accepted.` };
  } catch (fault) {
    return {
      defect: fault instanceof Error ? `RE2 refuses the pattern: ${fault.message}` : "RE2 refuses the pattern.",
    };
  }
}
