import { type Asked, holds, isKnown, Unreadable } from "./conditions.ts";

/** A condition that fails, as the tree holds it, and whether it was asked negated. */
export interface Reason {
  condition: Readonly<Record<string, unknown>>;
  not: boolean;
}

export interface Outcome {
  available: boolean;
  /** Whether the item is seen where it is not available. */
  shown: boolean;
  /** What fails; of what is not shown, nothing is told. */
  reasons: Reason[];
}

interface Part {
  available: boolean;
  reasons: Reason[];
}
type Fields = Readonly<Record<string, unknown>>;

export const OPEN: Outcome = { available: true, shown: true, reasons: [] };
const HIDDEN: Outcome = { available: false, shown: false, reasons: [] };

/** What a whole tree says of one learner ("Trees"). A tree that cannot be read hides. */
export function outcomeOfTree(tree: unknown, asked: Asked): Outcome {
  try {
    return decide(fieldsOf(tree), asked);
  } catch (fault) {
    if (fault instanceof Unreadable) return HIDDEN;
    throw fault;
  }
}

function decide(root: Fields, asked: Asked): Outcome {
  const { all, not } = logicOf(root, false);
  const parts = childrenOf(root).map((child) => partOf(child, not, asked));
  const flags = flagsOf(root, parts.length);
  const { available, reasons } = together(parts, all);
  if (available) return OPEN;
  // With one flag for each child, a child that fails and is not shown takes the whole item with it; one that holds, none.
  const failing = parts.flatMap((part, at) => (part !== null && !part.available ? [flags[at] ?? flags[0]] : []));
  return failing.every((flag) => flag === true) ? { available, shown: true, reasons } : HIDDEN;
}

/** One child: a condition or a tree of its own. Null is one that is dropped. */
function partOf(child: Fields, not: boolean, asked: Asked): Part | null {
  const { type } = child;
  if (type === undefined) {
    const { all, not: within } = logicOf(child, not);
    return together(
      childrenOf(child).map((one) => partOf(one, within, asked)),
      all,
    );
  }
  if (!isKnown(type)) return null;
  const available = holds(type, child, not, asked);
  return { available, reasons: available ? [] : [{ condition: child, not }] };
}

/** A set of nothing is open, whatever it asks of its children, nested and negated too. */
function together(all: readonly (Part | null)[], asksAll: boolean): Part {
  const parts = all.filter((part) => part !== null);
  const reached = asksAll ? parts.every((part) => part.available) : parts.some((part) => part.available);
  if (reached || parts.length === 0) return { available: true, reasons: [] };
  return { available: false, reasons: parts.flatMap((part) => part.reasons) };
}

/** `&` all, `|` one, `!&` not all, `!|` none. What is negated is negated at its leaves. */
function logicOf({ op }: Fields, not: boolean): { all: boolean; not: boolean } {
  switch (op) {
    case "&":
      return { all: !not, not };
    case "|":
      return { all: not, not };
    case "!&":
      return { all: not, not: !not };
    case "!|":
      return { all: !not, not: !not };
    default:
      throw new Unreadable("no operator");
  }
}

/** The flags of a root: one for each child under `&` and `!|`, one for all under `|` and `!&`. Nested ones do not count. */
function flagsOf({ op, show, showc }: Fields, children: number): unknown[] {
  if (op === "|" || op === "!&") {
    if (typeof show !== "boolean") throw new Unreadable("no show");
    return [show];
  }
  if (!Array.isArray(showc) || showc.length !== children) throw new Unreadable("no showc");
  return showc;
}

function childrenOf({ c }: Fields): Fields[] {
  if (!Array.isArray(c)) throw new Unreadable("no children");
  return c.map(fieldsOf);
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new Unreadable("no object");
  return Object.fromEntries(Object.entries(value));
}
