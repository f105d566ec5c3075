import type { Language } from "../platform/text.ts";
import { type Clause, FINAL, type ReasonClause } from "./clauses.ts";
import type { Program } from "./program.ts";
import { type Leaf, Writer } from "./wording/writer.ts";

/** Options for sentences. */
export interface Wording {
  /** Time zone of dates; null for UTC. */
  zone: string | null;
  /**
   * No action of the learner helps, though no single condition says so: one condition forbids what another asks for.
   */
  isHopeless?: boolean;
}

/** One or two readable sentences in each language that say what a learner must still do, or why nothing can be done. */
export function sentenceOf(program: Program, clause: Clause, wording: Wording): Record<Language, string> {
  return { en: sentenceIn(program, clause, wording, "en"), zh: sentenceIn(program, clause, wording, "zh") };
}

/** A condition in a few words in each language, whether it holds or not. */
export function leafTexts(program: Program, leaf: Leaf, zone: string | null): Record<Language, string> {
  return { en: new Writer(program, "en", zone).leaf(leaf), zh: new Writer(program, "zh", zone).leaf(leaf) };
}

/** The same in one language. */
export function sentenceIn(program: Program, clause: Clause, wording: Wording, language: Language): string {
  const { todo, facts } = sort(clause);
  const writer = new Writer(program, language, wording.zone);
  // If something fixed fails, nothing else is said: doing the rest would not help.
  if (facts.length > 0) return writer.text(null, facts);
  return wording.isHopeless === true ? writer.hopeless() : writer.text(todo, []);
}

/**
 * Separates what can be done or waited for from what is fixed (closed, excluded, other cohort, locked by staff). An
 * alternative that depends on something fixed is left out while enough others remain.
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

/**
 * Clauses joined in one way. Clauses that are joined in the same way are taken apart, so that no needless brackets
 * appear.
 */
function flat(kind: "all" | "any", clauses: readonly Clause[]): Clause {
  const parts = clauses.flatMap((clause) => (clause.kind === kind ? clause.clauses : [clause]));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind, clauses: parts };
}
