import type { Language } from "../platform/text.ts";
import { type Clause, FINAL, type ReasonClause } from "./clauses.ts";
import type { Program } from "./program.ts";
import { type Leaf, Writer } from "./wording/writer.ts";

/** How sentences are written. */
export interface Wording {
  /** Time zone of dates; null for UTC. */
  zone: string | null;
  /** Nothing the learner does helps, though no single condition says so: what one asks for another forbids. */
  isHopeless?: boolean;
}

/** A readable sentence or two per language that say what a learner still has to do, or why nothing can be done. */
export function sentenceOf(program: Program, clause: Clause, wording: Wording): Record<Language, string> {
  return { en: sentenceIn(program, clause, wording, "en"), zh: sentenceIn(program, clause, wording, "zh") };
}

/** A condition in a few words per language, whether it holds or not. */
export function leafTexts(program: Program, leaf: Leaf, zone: string | null): Record<Language, string> {
  return { en: new Writer(program, "en", zone).leaf(leaf), zh: new Writer(program, "zh", zone).leaf(leaf) };
}

/** The same in one language. */
export function sentenceIn(program: Program, clause: Clause, wording: Wording, language: Language): string {
  const { todo, facts } = sort(clause);
  const writer = new Writer(program, language, wording.zone);
  // What just is so leaves nothing to do: whatever else is missing, doing it would not help.
  if (facts.length > 0) return writer.text(null, facts);
  return wording.isHopeless === true ? writer.hopeless() : writer.text(todo, []);
}

/**
 * Parts what can be done or waited for from what just is so (closed, excluded, other cohort, locked by staff). An
 * alternative that rests on the latter is left out while enough others remain.
 */
function sort(clause: Clause): { todo: Clause | null; facts: ReasonClause[] } {
  if (clause.kind === "reason") {
    const isFact = clause.isLost === true || FINAL.has(clause.reason.code);
    return isFact ? { todo: null, facts: [clause] } : { todo: clause, facts: [] };
  }
  const parts = clause.clauses.map(sort);
  const todos = parts.flatMap(({ todo, facts }) => (todo === null || facts.length > 0 ? [] : [todo]));
  const count = clause.kind === "at_least" ? clause.count : clause.kind === "all" ? parts.length : 1;
  if (todos.length > count) {
    return { todo: count === 1 ? flat("any", todos) : { kind: "at_least", count, clauses: todos }, facts: [] };
  }
  const facts = todos.length === count ? [] : parts.flatMap((part) => part.facts);
  const all = facts.length === 0 ? todos : parts.flatMap(({ todo }) => (todo === null ? [] : [todo]));
  return { todo: all.length === 0 ? null : flat("all", all), facts };
}

/** Clauses joined one way, those that are themselves joined so taken apart: no brackets where none are needed. */
function flat(kind: "all" | "any", clauses: readonly Clause[]): Clause {
  const parts = clauses.flatMap((clause) => (clause.kind === kind ? clause.clauses : [clause]));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind, clauses: parts };
}
