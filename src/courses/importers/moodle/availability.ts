import { allOf, anyOf, type ImportedRule, negated } from "../document.ts";
import { type Verdict, worst } from "../report.ts";
import { isKnownType, MalformedCondition, mapCondition, type Surroundings } from "./conditions.ts";
import type { Availability } from "./model.ts";

export interface MappedTree {
  /** Null means open. */
  rule: ImportedRule | null;
  verdict: Verdict;
  why: string | null;
}

/** A set without conditions is open, whatever its operator and its place. */
const OPEN = Symbol("open");
type Outcome = ImportedRule | typeof OPEN;

type Operator = "&" | "|" | "!&" | "!|";
interface Tree {
  op: Operator;
  children: unknown[];
  /** At the root: whether each child (`&`, `!|`) or the whole (`|`, `!&`) is shown while it locks. */
  shown: boolean[];
}

/** Longest name of a missing thing. */
const MAX_NAME = 500;
/** The deepest tree that is read. */
const MAX_DEPTH = 50;

/** Whether the tree is a gate: a set without conditions is none, an unreadable one is. */
export function isGate({ tree, fault }: Availability): boolean {
  if (fault !== null) return true;
  try {
    return readTree(tree, true, "").children.length > 0;
  } catch (malformed) {
    if (malformed instanceof MalformedCondition) return true;
    throw malformed;
  }
}

/**
 * The rule for a tree of conditions. Negation is applied at the leaves, because Moodle decides it there: a condition on
 * something that is gone holds neither plainly nor negated. A condition of an unknown kind is left out, as in Moodle,
 * and reported. A condition that Moodle cannot read hides the item, whatever other conditions there are.
 */
export function mapAvailability(availability: Availability, around: Surroundings): MappedTree {
  if (availability.fault !== null) return malformed(availability.fault);
  const walk = new Walk(around);
  try {
    const outcome = walk.root(availability.tree);
    const why = walk.notes.length === 0 ? null : [...new Set(walk.notes)].join("; ");
    return { rule: outcome === OPEN ? null : outcome, verdict: worst(walk.verdicts), why };
  } catch (fault) {
    if (!(fault instanceof MalformedCondition)) throw fault;
    return malformed(fault.message);
  }
}

function malformed(fault: string): MappedTree {
  const why = `Moodle cannot read this condition and hides the item: ${fault}`;
  return { rule: { hide: { missing: { what: "condition", name: fault.slice(0, MAX_NAME) } } }, verdict: "exact", why };
}

class Walk {
  readonly notes: string[] = [];
  readonly verdicts: Verdict[] = [];
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  root(value: unknown): Outcome {
    const tree = readTree(value, true, "");
    const { isNegated, isAll } = logicOf(tree.op, false);
    const outcomes = this.#children(tree, isNegated, "", 1);
    if (outcomes.length === 0) return OPEN;
    if (!isAll) {
      const outcome = combine(
        outcomes.map(({ outcome: one }) => one),
        false,
      );
      return outcome === OPEN || tree.shown[0] === true ? outcome : { hide: outcome };
    }
    const marked = outcomes.map(({ outcome, at }) =>
      outcome === OPEN || tree.shown[at] === true ? outcome : { hide: outcome },
    );
    return combine(marked, true);
  }

  #nested(value: unknown, not: boolean, place: string, depth: number): Outcome {
    if (depth > MAX_DEPTH) throw new MalformedCondition(`${place}: nested more than ${MAX_DEPTH} deep`);
    const tree = readTree(value, false, place);
    const { isNegated, isAll } = logicOf(tree.op, not);
    const outcomes = this.#children(tree, isNegated, place, depth).map(({ outcome }) => outcome);
    return outcomes.length === 0 ? OPEN : combine(outcomes, isAll);
  }

  #children(tree: Tree, not: boolean, place: string, depth: number): { outcome: Outcome; at: number }[] {
    return tree.children.flatMap((value, at) => {
      const here = `${place}c[${at}]`;
      if (typeof value !== "object" || value === null) throw new MalformedCondition(`${here}: not an object`);
      const type: unknown = Reflect.get(value, "type");
      if (type === undefined || type === null)
        return [{ outcome: this.#nested(value, not, `${here}.`, depth + 1), at }];
      const outcome = this.#leaf(type, value, not, here);
      return outcome === null ? [] : [{ outcome, at }];
    });
  }

  #leaf(type: unknown, value: object, not: boolean, place: string): Outcome | null {
    if (typeof type !== "string" || !isKnownType(type)) {
      this.verdicts.push("unmapped");
      this.notes.push(
        `${place}: Moodle drops a condition of the unknown kind ${JSON.stringify(type)}, and so does the import`,
      );
      return null;
    }
    const { rule, verdict, why } = placed(place, () => mapCondition(type, value, this.#around));
    this.verdicts.push(verdict);
    if (why !== null) this.notes.push(`${place}: ${why}`);
    return not ? negated(rule) : rule;
  }
}

function placed<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    if (!(fault instanceof MalformedCondition)) throw fault;
    throw new MalformedCondition(`${place}.${fault.message}`);
  }
}

function combine(outcomes: readonly Outcome[], isAll: boolean): Outcome {
  const rules = outcomes.filter((outcome) => outcome !== OPEN);
  if (!isAll && rules.length < outcomes.length) return OPEN;
  return (isAll ? allOf(rules) : anyOf(rules)) ?? OPEN;
}

/** What an operator requires of its children, when it is plain or negated. */
function logicOf(op: Operator, not: boolean): { isNegated: boolean; isAll: boolean } {
  const isNegated = op.startsWith("!") !== not;
  const isAnd = op.endsWith("&");
  return { isNegated, isAll: isAnd !== isNegated };
}

function readTree(value: unknown, isRoot: boolean, place: string): Tree {
  if (typeof value !== "object" || value === null)
    throw new MalformedCondition(`${place || "the tree"}: not an object`);
  const field = (name: string): unknown => Reflect.get(value, name);
  const op = field("op");
  if (op !== "&" && op !== "|" && op !== "!&" && op !== "!|")
    throw new MalformedCondition(`${place}op: unknown operator`);
  const children = field("c");
  if (!Array.isArray(children)) throw new MalformedCondition(`${place}c: not a list`);
  if (!isRoot) return { op, children, shown: [] };
  if (op === "|" || op === "!&") {
    const show = field("show");
    if (typeof show !== "boolean") throw new MalformedCondition("show: neither true nor false");
    return { op, children, shown: [show] };
  }
  const each = field("showc");
  if (!Array.isArray(each) || each.length !== children.length)
    throw new MalformedCondition("showc: not one for each of c");
  const shown = each.filter((one) => typeof one === "boolean");
  if (shown.length !== each.length) throw new MalformedCondition("showc: not all true or false");
  return { op, children, shown };
}
