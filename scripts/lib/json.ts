/** Where a text stops being JSON. Line and column count from 1; the column in UTF-16 code units. */
export interface JsonDefect {
  line: number;
  column: number;
  message: string;
}

const SPACE = /[ \t\n\r]*/y;
/** The inner class is everything but quotes, backslashes and control characters; unrolled, so nothing backtracks. */
const STRING = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y;
const UNCLOSED_STRING = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*/y;
const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What goes on or ends a string; a line break in one is written \\n. */
const IN_STRING = "a closing quote, or a character or escape that a string may hold";

/** Longest piece of the offending text shown in a message. */
const MAX_SHOWN = 20;

/**
 * Parses JSON and, where that fails, says where. `JSON.parse` names the place only in some of its messages, and never
 * for a text that ends too early.
 */
export function parseJson(text: string): { value: unknown } | { defect: JsonDefect } {
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  try {
    const value: unknown = JSON.parse(plain);
    return { value };
  } catch {
    return { defect: describe(plain, firstDefect(plain)) };
  }
}

function describe(text: string, { at, expected }: { at: number; expected: string }): JsonDefect {
  const before = text.slice(0, at).split("\n");
  const rest = text.slice(at, at + MAX_SHOWN).split("\n")[0] ?? "";
  const found = at >= text.length ? "the end of the file" : JSON.stringify(rest);
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    message: `expected ${expected}, found ${found}`,
  };
}

/** Walks the text by the grammar of RFC 8259 with its own stack, up to the first place that breaks it. */
function firstDefect(text: string): { at: number; expected: string } {
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length;
    at += length ?? 0;
    return length !== undefined;
  };
  const take = (character: string): boolean => {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };
  const open: ("[" | "{")[] = [];
  /** Whether a container was just opened, so that it may close at once. */
  let isFresh = false;
  for (let needsValue = true; ; ) {
    skip(SPACE);
    const inside = open.at(-1);
    const end = inside === "{" ? "}" : "]";
    if (needsValue) {
      if (isFresh && take(end)) {
        open.pop();
        needsValue = false;
        isFresh = false;
        continue;
      }
      if (inside === "{") {
        if (!skip(STRING)) {
          if (skip(UNCLOSED_STRING)) return { at, expected: IN_STRING };
          return { at, expected: isFresh ? 'a name in quotes or "}"' : "a name in quotes" };
        }
        skip(SPACE);
        if (!take(":")) return { at, expected: '":"' };
        skip(SPACE);
      }
      const bracket = text[at];
      if (bracket === "[" || bracket === "{") {
        at += 1;
        open.push(bracket);
        isFresh = true;
        continue;
      }
      if (!skip(STRING) && !skip(NUMBER_OR_WORD)) {
        if (skip(UNCLOSED_STRING)) return { at, expected: IN_STRING };
        return { at, expected: isFresh && inside === "[" ? 'a value or "]"' : "a value" };
      }
      needsValue = false;
      isFresh = false;
      skip(SPACE);
    }
    if (inside === undefined) return { at, expected: "the end of the file" };
    if (take(end)) open.pop();
    else if (take(",")) needsValue = true;
    else return { at, expected: `"," or "${end}"` };
  }
}
