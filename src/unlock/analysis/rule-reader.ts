import { DAY_MS } from "../../platform/instants.ts";
import type { FieldError } from "../../platform/results.ts";
import { MAX_RULE_DEPTH, type Rule } from "../rules.ts";
import { before, intersection, overlaps, since, union } from "../windows.ts";
import { common, has, joined } from "./bits.ts";
import type { KnownItems } from "./known-items.ts";
import { type Condition, dateOf, FREE, type Part } from "./part.ts";
import { childrenOf, distinctChildrenOf, isOffered, type Table } from "./table.ts";
import { areForAll, progressCounts } from "./truths.ts";

/** At most this many conditions of one rule are compared in pairs, to say which two clash. */
const MAX_COMPARED = 100;

/** Finds what must be true for rules to hold, from what is known of the items they name. */
export class RuleReader {
  readonly #table: Table;
  readonly #known: KnownItems;
  readonly #warnings: FieldError[];

  /** @param warnings receives a warning for each part that can never hold, or always holds. */
  constructor(table: Table, known: KnownItems, warnings: FieldError[]) {
    this.#table = table;
    this.#known = known;
    this.#warnings = warnings;
  }

  /** All conditions of a rule as one list: an `all` inside an `all` is taken apart. */
  conditions(rule: Rule, path: string, depth = 1): Condition[] {
    if ("all" in rule && depth <= MAX_RULE_DEPTH) {
      return rule.all.flatMap((child, place) => this.conditions(child, `${path}.all[${place}]`, depth + 1));
    }
    if ("hide" in rule && depth <= MAX_RULE_DEPTH) return this.conditions(rule.hide, `${path}.hide`, depth + 1);
    return [{ ...this.#part(rule, path, true, depth), path, what: "" }];
  }

  /** What must be true for all of some conditions to hold. */
  all(conditions: readonly Condition[], path: string): Part {
    const dead =
      conditions.find((one) => one.dead !== null && !one.dead.isInherited) ??
      conditions.find((one) => one.dead !== null);
    if (dead?.dead != null) return { ...FREE, dead: dead.dead };
    const windows = intersection(conditions.map((one) => one.windows));
    const done = joined(conditions.map((one) => one.done));
    const begun = joined(conditions.map((one) => one.begun));
    const notDone = conditions.flatMap((one) => one.notDone);
    const notBegun = conditions.flatMap((one) => one.notBegun);
    const cohorts = [...new Set(conditions.flatMap((one) => one.cohorts))];
    const otherCohorts = [...new Set(conditions.flatMap((one) => one.otherCohorts))];
    const limits = conditions.flatMap((one) => (one.among.length > 0 ? [one.among] : []));
    const among = limits.sort((a, b) => a.length - b.length)[0] ?? [];
    const part = { windows, done, begun, notDone, notBegun, cohorts, otherCohorts, among, dead: null };
    const inherited = { path, isInherited: false };
    if (windows.length === 0) return { ...part, dead: { ...inherited, why: this.#whyNever(conditions) } };
    const denied = notDone.find((item) => has(done, item)) ?? notBegun.find((item) => has(begun, item));
    if (denied !== undefined) {
      const id = this.#table.entries[denied]?.item.id ?? "";
      const by = conditions.find((one) => one.notDone.includes(denied) || one.notBegun.includes(denied))?.path ?? path;
      const from = conditions.find((one) => has(one.done, denied) || has(one.begun, denied))?.path ?? path;
      return { ...part, dead: { ...inherited, why: `${from} needs ${id} to be completed, and ${by} forbids it.` } };
    }
    return part;
  }

  /** Which two conditions cannot hold at the same time. */
  #whyNever(conditions: readonly Condition[]): string {
    const few = conditions.slice(0, MAX_COMPARED);
    for (const [place, one] of few.entries()) {
      for (const other of few.slice(place + 1)) {
        if (intersection([one.windows, other.windows]).length > 0) continue;
        const [early, late] = (one.windows.at(-1) ?? 0) <= (other.windows[0] ?? 0) ? [one, other] : [other, one];
        const opens = dateOf(late.windows[0] ?? 0);
        const closes = dateOf(early.windows.at(-1) ?? 0);
        return `${early.what || early.path} ends on ${closes}, and ${late.what || late.path} cannot be before ${opens}.`;
      }
    }
    return "there is no time at which all of its conditions are true.";
  }

  #part(rule: Rule, path: string, wanted: boolean, depth: number): Part {
    if (depth > MAX_RULE_DEPTH) return FREE; // reported as its own error
    if ("not" in rule) return this.#part(rule.not, `${path}.not`, !wanted, depth + 1);
    if ("hide" in rule) return this.#part(rule.hide, `${path}.hide`, wanted, depth + 1);
    if ("all" in rule || "any" in rule || "at_least" in rule) return this.#group(rule, path, wanted, depth);
    if ("from" in rule) {
      const at = Date.parse(rule.from);
      return { ...FREE, windows: wanted ? since(at) : before(at) };
    }
    if ("until" in rule) {
      const at = Date.parse(rule.until);
      return { ...FREE, windows: wanted ? before(at) : since(at) };
    }
    if ("cohort" in rule) {
      if (typeof rule.cohort !== "string" && "any" in rule.cohort) return FREE;
      const names = typeof rule.cohort === "string" ? [rule.cohort] : [...new Set(rule.cohort.any_of)];
      if (!wanted) return { ...FREE, otherCohorts: names };
      return { ...FREE, cohorts: names.length === 1 ? names : [], among: names };
    }
    if ("after_enrollment" in rule) {
      // A learner may have enrolled at any time. One who starts now enrolls now. With -Infinity both are ALWAYS.
      const at = this.#known.start + rule.after_enrollment.days * DAY_MS;
      if (this.#known.start === Number.NEGATIVE_INFINITY) return FREE;
      return { ...FREE, windows: wanted ? since(at) : before(at) };
    }
    if ("progress" in rule)
      return wanted ? this.#known.progress(rule.progress.of, rule.progress.min_percent, path) : FREE;
    // The rule alone decides about missing references. No learner's profile is known here.
    if ("missing" in rule || "profile" in rule || "course_completed" in rule || "average" in rule || "total" in rule)
      return FREE;
    if ("previous" in rule) {
      const before = this.#table.before(rule);
      const isFree = !wanted || before === undefined || !before.isForAll || rule.previous.is.includes("incomplete");
      return isFree ? FREE : this.#known.begun(before.index, path);
    }
    return this.#fact(rule, path, wanted);
  }

  #fact(rule: Rule, path: string, wanted: boolean): Part {
    const id = itemOf(rule);
    const target = this.#table.find(id);
    if (target === undefined || !isOffered(this.#table.askedStatus(target)) || !target.isForAll) return FREE;
    const { index } = target;
    const graded = "score" in rule ? "score" : "points" in rule ? "points" : null;
    if (graded !== null && this.#table.isChapter(target)) {
      if (wanted) {
        const why = `${path} asks for a score on ${id}, a chapter, and chapters never get a score.`;
        return { ...FREE, dead: { path: `${path}.${graded}.item`, why, isInherited: false } };
      }
      const message = `${id} is a chapter, and chapters never get a score: this is always true.`;
      this.#warnings.push({ path: `${path}.${graded}.item`, rule: "always_open", message });
      return FREE;
    }
    if (!wanted) {
      if ("completed" in rule) return { ...FREE, notDone: [index] };
      return "attempted" in rule ? { ...FREE, notBegun: [index] } : FREE;
    }
    if ("completed" in rule) return this.#known.done(index, path, 0);
    if ("after" in rule) return this.#known.done(index, path, rule.after.days * DAY_MS);
    // Opening an item does not begin it; it only needs an item that can be opened.
    if ("viewed" in rule) return { ...this.#known.begun(index, path), begun: null };
    // A learner in any state but incomplete has begun the item.
    if ("state" in rule && rule.state.is.includes("incomplete")) return FREE;
    return this.#known.begun(index, path);
  }

  #group(rule: Rule, path: string, wanted: boolean, depth: number): Part {
    const children = distinctChildrenOf(rule) ?? [];
    const total = children.length;
    const count = "at_least" in rule ? Math.min(rule.at_least.count, total) : "any" in rule ? 1 : total;
    const needed = wanted ? count : total - count + 1;
    // Drafts and deprecated items may not count, which lowers the number needed. So nothing is claimed.
    if (needed <= 0 || children.some((child) => this.#mayBeIgnored(child.rule, depth + 1))) {
      return FREE;
    }
    if (needed > total) return FREE; // judged by the rule alone
    const warned = this.#warnings.length;
    const parts = children.map(
      (child): Condition => ({
        ...this.#part(child.rule, `${path}${child.step}`, wanted, depth + 1),
        path: `${path}${child.step}`,
        what: "",
      }),
    );
    if (needed === total) return this.all(parts, path);
    const alive = parts.filter((part) => part.dead === null);
    if (alive.length < needed) {
      this.#warnings.length = warned;
      const own = parts.find((part) => part.dead !== null && !part.dead.isInherited)?.dead;
      const first = own ?? parts.find((part) => part.dead !== null)?.dead ?? null;
      return { ...FREE, dead: first };
    }
    for (const { dead, path: where } of parts) {
      if (dead === null || dead.isInherited) continue;
      this.#warnings.push({
        path: dead.path || where,
        rule: "dead_end",
        message: `This can never be true: ${dead.why}`,
      });
    }
    const windows =
      needed === 1
        ? union(alive.map((part) => part.windows))
        : overlaps(
            alive.map((part) => part.windows),
            needed,
          );
    if (windows.length === 0) {
      return {
        ...FREE,
        dead: { path, why: "there is no time at which enough of its conditions are true.", isInherited: false },
      };
    }
    // A learner in none of the cohorts that parts ask for can only use the parts that ask for none.
    const limits = alive.flatMap((part) => (part.among.length > 0 ? [part.among] : []));
    const among = alive.length - limits.length < needed ? [...new Set(limits.flat())] : [];
    if (needed > 1) return { ...FREE, windows, among };
    const shared = <T>(lists: readonly (readonly T[])[]): T[] =>
      (lists[0] ?? []).filter((one) => lists.every((list) => list.includes(one)));
    return {
      windows,
      done: common(alive.map((part) => part.done)),
      begun: common(alive.map((part) => part.begun)),
      notDone: shared(alive.map((part) => part.notDone)),
      notBegun: shared(alive.map((part) => part.notBegun)),
      cohorts: shared(alive.map((part) => part.cohorts)),
      otherCohorts: shared(alive.map((part) => part.otherCohorts)),
      among,
      dead: null,
    };
  }

  #mayBeIgnored(rule: Rule, depth: number): boolean {
    if (depth > MAX_RULE_DEPTH) return true;
    const children = childrenOf(rule);
    if (children !== null)
      return children.length > 0 && children.every((child) => this.#mayBeIgnored(child.rule, depth + 1));
    if ("progress" in rule) {
      const counts = progressCounts(this.#table, rule.progress.of);
      return (
        counts === null || (counts.listed > 0 && counts.offered === 0) || !areForAll(this.#table, rule.progress.of)
      );
    }
    const isAsked = (id: string) => {
      const target = this.#table.find(id);
      return target === undefined || (isOffered(this.#table.askedStatus(target)) && target.isForAll);
    };
    return "average" in rule ? !rule.average.of.some(isAsked) : !isAsked(itemOf(rule));
  }
}

/** The item that a leaf names; empty if it names none. */
function itemOf(rule: Rule): string {
  if ("completed" in rule) return rule.completed;
  if ("attempted" in rule) return rule.attempted;
  if ("score" in rule) return rule.score.item;
  if ("points" in rule) return rule.points.item;
  if ("viewed" in rule) return rule.viewed;
  if ("submitted" in rule) return rule.submitted;
  if ("state" in rule) return rule.state.item;
  return "after" in rule ? rule.after.item : "";
}
