import { percentOf } from "../../unlock/index.ts";
import { activityAbout } from "./form/agents-of.ts";
import type { Statement } from "./form/statement.ts";
import { type FactKind, factOfVerb, type MoveOn, type XapiSettings } from "./settings.ts";

// Which fact a statement makes. Pure: who the actor is, and what else was said, comes from the caller.

/** A fact of one item, in the form in which other systems report facts. */
export interface ToldFact {
  item: string;
  completed?: true;
  outcome?: "passed" | "failed";
  viewed?: true;
  submitted?: true;
  contributed?: true;
  score?: number;
  /** What completes says nothing of a score: it comes with another statement, or there is none. */
  without_score?: true;
}

/** Whether the same learner has also said this of the same activity, for `CompletedAndPassed`. */
export type AlsoSaid = (kind: "completed" | "passed") => Promise<boolean>;

/** What a statement tells, where the course names its verb: its verb, unless its result takes that back. */
export function toldBy(statement: Statement, settings: XapiSettings): FactKind | null {
  const kind = factOfVerb(settings, statement.verb.id);
  const { completion, success } = statement.result ?? {};
  // A program that says "completed" and that it is not complete has not said that it is; so with "passed" and no success.
  const isTakenBack = (kind === "completed" && completion === false) || (kind === "passed" && success === false);
  return isTakenBack ? "viewed" : kind;
}

/** The item a statement is about; null: none that the course names. */
export function itemOf(statement: Pick<Statement, "object">, { items }: XapiSettings) {
  const activity = activityAbout(statement);
  return activity === null ? null : (items[activity.id] ?? null);
}

/** Whether a statement may make a fact, before anybody is looked up. */
export function mayMakeFact(statement: Statement, settings: XapiSettings): boolean {
  const kind = factOfVerb(settings, statement.verb.id);
  return kind !== null && kind !== "ignored" && itemOf(statement, settings) !== null;
}

/** The fact of a statement; null: it makes none. */
export async function factOf(statement: Statement, settings: XapiSettings, also: AlsoSaid): Promise<ToldFact | null> {
  const place = itemOf(statement, settings);
  const kind = toldBy(statement, settings);
  if (place === null || kind === null || kind === "ignored") return null;
  const score = scoreOf(statement);
  const rest = { item: place.item, ...(score === null ? {} : { score }) };
  if (kind === "scored") return score === null ? null : rest;
  const told = place.move_on === null ? plain(kind) : await moved(kind, place.move_on, statement, also);
  return { ...rest, ...told, ...(told.completed === true && score === null ? { without_score: true } : {}) };
}

function plain(kind: Exclude<FactKind, "scored" | "ignored">): Partial<ToldFact> {
  switch (kind) {
    case "passed":
    case "failed":
      return { outcome: kind };
    case "completed":
      return { completed: true };
    case "submitted":
      return { submitted: true };
    case "contributed":
      return { contributed: true };
    default:
      return { viewed: true };
  }
}

/** Verbs of the system that launches: it has decided, whatever the unit's own rule (cmi5 sections 9.3.7 and 9.3.9). */
const DECIDED = /^https:\/\/w3id\.org\/xapi\/adl\/verbs\/(?:satisfied|waived)$/;

async function moved(
  kind: Exclude<FactKind, "scored" | "ignored">,
  rule: MoveOn,
  { verb }: Statement,
  also: AlsoSaid,
): Promise<Partial<ToldFact>> {
  if (DECIDED.test(verb.id) || rule === "NotApplicable") return kind === "failed" ? plain(kind) : { completed: true };
  if (kind !== "completed" && kind !== "passed") return plain(kind);
  switch (rule) {
    case "Passed":
      return kind === "passed" ? plain(kind) : { viewed: true };
    case "Completed":
      return kind === "completed" ? plain(kind) : { viewed: true };
    case "CompletedOrPassed":
      return plain(kind);
    case "CompletedAndPassed": {
      const isBoth = await also(kind === "completed" ? "passed" : "completed");
      return isBoth ? plain("passed") : { viewed: true };
    }
  }
}

/** The score in percent: the scaled one, else where the raw one stands between its bounds. One below zero counts as zero. */
function scoreOf({ result }: Statement): number | null {
  const { scaled, raw, min = 0, max } = result?.score ?? {};
  // A double has 15 digits of what was written: 0.57 is 57 percent, and not a little less.
  if (scaled !== undefined) return Number((Math.max(0, scaled) * 100).toPrecision(15));
  const percent = raw === undefined || max === undefined ? null : percentOf({ points: raw, min, max });
  return percent === null ? null : Math.min(100, Math.max(0, percent));
}
