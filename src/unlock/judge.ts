import { RE2JS } from "re2js";
import { MAX_ANSWER } from "./max-answer.ts";
import type { AnswerKey } from "./outline.ts";

/**
 * Largest regular expression, in RE2 instructions. Matching costs at most instructions times characters, so this and
 * {@link MAX_ANSWER} bound the work of one verdict at ten million steps.
 */
export const MAX_PATTERN_SIZE = 1_000;

/** Compiled patterns kept per isolate; the one compiled first leaves first. */
const MAX_CACHED_PATTERNS = 64;

/** Relative slack of numeric answers, so that 0.1 + 0.2 is 0.3: well above rounding, well below any tolerance meant. */
const NUMERIC_EPSILON = 1e-9;

export interface Judgement {
  passed: boolean;
  score: 0 | 100;
}

type RegexKey = Extract<AnswerKey, { kind: "regex" }>;
type Compiled = { pattern: RE2JS } | { defect: string };

/**
 * Judges one answer. Time is linear in the answer for every key.
 *
 * exact: compared after Unicode NFC, trimming and collapsing of white space; in lower case unless the key says
 * otherwise. numeric: see {@link parseNumber}; right within the tolerance. regex: RE2 syntax, matched against the
 * whole trimmed answer.
 *
 * @throws when the key's pattern is not valid: publishing refuses such a key (`invalid_pattern`), so it is a fault.
 */
export function judge(key: AnswerKey, answer: string): Judgement {
  const passed = answer.length <= MAX_ANSWER && isRight(key, answer);
  return { passed, score: passed ? 100 : 0 };
}

function isRight(key: AnswerKey, answer: string): boolean {
  switch (key.kind) {
    case "exact": {
      const given = normalize(answer, key.case_sensitive);
      return given !== "" && key.values.some((value) => normalize(value, key.case_sensitive) === given);
    }
    case "numeric": {
      const given = parseNumber(answer);
      if (given === null) return false;
      const slack = key.tolerance + NUMERIC_EPSILON * Math.max(1, Math.abs(key.value));
      return Math.abs(given - key.value) <= slack;
    }
    case "regex": {
      const compiled = compile(key);
      if ("defect" in compiled) throw new Error(`an answer key has an invalid pattern: ${compiled.defect}`);
      return compiled.pattern.testExact(answer.trim());
    }
  }
}

/** Why a pattern cannot be used as an answer key, in one sentence, or null. */
export function patternDefect(key: RegexKey): string | null {
  const compiled = compile(key);
  return "defect" in compiled ? compiled.defect : null;
}

/** `toLowerCase` and not `toLocaleLowerCase`: a verdict must not depend on where it is given. */
function normalize(text: string, isCaseSensitive: boolean): string {
  const plain = text.normalize("NFC").trim().replace(/\s+/g, " ");
  return isCaseSensitive ? plain : plain.toLowerCase();
}

/** Sign, digits with an optional point, optional exponent. Written so that no input makes it backtrack. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads a decimal number (`-3`, `.5`, `1e3`) or a fraction of two (`3/4`), with white space around. Everything else
 * is null: hexadecimal, `Infinity`, `NaN`, a comma, an empty answer, a division by zero, a number too large for a
 * double.
 */
export function parseNumber(text: string): number | null {
  const parts = text.split("/", 3).map((part) => part.trim());
  const [numerator, denominator = "1"] = parts;
  if (parts.length > 2 || numerator === undefined) return null;
  if (!DECIMAL.test(numerator) || !DECIMAL.test(denominator)) return null;
  const value = Number(numerator) / Number(denominator);
  return Number.isFinite(value) ? value : null;
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
