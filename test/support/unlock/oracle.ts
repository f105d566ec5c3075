import type { LearnerRecord, Override } from "../../../src/unlock/learner.ts";
import type { ItemStatus, Outline, OutlineItem, OutlineProblem } from "../../../src/unlock/outline.ts";
import type { Rule } from "../../../src/unlock/rules.ts";

/**
 * A second evaluator, written straight from the words of the design and deliberately naive: it rewrites the author's
 * JSON rule for one learner and then reads it as plain logic. It shares types with the engine and nothing else.
 */
export interface Verdict {
  visible: boolean;
  open: boolean;
  earned: boolean;
}

const DAY = 24 * 60 * 60 * 1000;

export function oracle(outline: Outline, record: LearnerRecord, now: number): Map<string, Verdict> {
  const world = new World(outline, record, now);
  return new Map(world.items.map((item) => [item.id, world.verdict(item)]));
}

class World {
  readonly items: (OutlineItem | OutlineProblem)[];
  readonly #outline: Outline;
  readonly #record: LearnerRecord;
  readonly #now: number;

  constructor(outline: Outline, record: LearnerRecord, now: number) {
    this.#outline = outline;
    this.#record = record;
    this.#now = now;
    this.items = [...outline.chapters, ...outline.problems];
  }

  verdict(item: OutlineItem): Verdict {
    const status = this.#status(item.id);
    if (status === "draft") return { visible: false, open: false, earned: false };
    const visible = status !== "deprecated" || this.#isAttempted(item.id);
    return { visible, open: this.#isOpen(item), earned: this.#isEarned(item) };
  }

  #find(id: string): OutlineItem | OutlineProblem {
    const found = this.items.find((item) => item.id === id);
    if (found === undefined) throw new Error(`the oracle is only asked about whole outlines, ${id} is dangling`);
    return found;
  }

  #chapterOf(item: OutlineItem): OutlineItem | null {
    return "chapter" in item && typeof item.chapter === "string" ? this.#find(item.chapter) : null;
  }

  #gateOf(item: OutlineItem): OutlineItem | null {
    return this.#outline.options.problems_follow_chapter ? this.#chapterOf(item) : null;
  }

  #status(id: string): ItemStatus {
    const item = this.#find(id);
    const both = [item.status, this.#chapterOf(item)?.status];
    if (both.includes("draft")) return "draft";
    return both.includes("deprecated") ? "deprecated" : item.status;
  }

  #overrides(id: string, kind: Override["kind"]): Override[] {
    return this.#record.policy.overrides.filter(
      (o) => o.item === id && o.kind === kind && (o.expires_at === null || this.#now < o.expires_at),
    );
  }

  #excuses(id: string): number[] {
    return this.#overrides(id, "excuse").map((o) => o.created_at);
  }

  #isAttempted(id: string): boolean {
    return typeof this.#record.facts.get(id)?.attempted_at === "number";
  }

  /** When the item was done: completed or excused from, whichever was first. Null if neither. */
  #doneAt(id: string): number | null {
    const completed = this.#record.facts.get(id)?.completed_at ?? null;
    const instants = [...(completed === null ? [] : [completed]), ...this.#excuses(id)];
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** A gate that is invisible to learners, or demanded of nobody, holds nobody up. */
  #holdsUp(id: string): boolean {
    return this.#status(id) !== "draft" && this.#status(id) !== "deprecated" && this.#doneAt(id) === null;
  }

  #tutorialPassed(item: OutlineItem): boolean {
    const { tutorial } = this.#outline.options;
    return tutorial === null || tutorial === item.id || !this.#holdsUp(tutorial);
  }

  #sequencePassed(item: OutlineItem): boolean {
    const place = this.#outline.chapters.findIndex((chapter) => chapter.id === item.id);
    if (!this.#outline.options.sequential || place < 0) return true;
    const before = this.#outline.chapters
      .slice(0, place)
      .filter((chapter) => chapter.status !== "draft" && chapter.status !== "deprecated")
      .at(-1);
    return before === undefined || this.#doneAt(before.id) !== null;
  }

  /** Tutorial, sequence and the item's own rule; not its chapter. */
  #ownRulesHold(item: OutlineItem): boolean {
    return this.#tutorialPassed(item) && this.#sequencePassed(item) && this.#ruleHolds(item);
  }

  #isEarned(item: OutlineItem): boolean {
    if (this.#isKept(item)) return true;
    const gate = this.#gateOf(item);
    return this.#ownRulesHold(item) && (gate === null || this.#isEarned(gate));
  }

  #isOpen(item: OutlineItem): boolean {
    const gate = this.#gateOf(item);
    if (this.#overrides(item.id, "lock").length > 0) return false;
    if (this.#overrides(item.id, "unlock").length > 0) return true;
    if (gate !== null && this.#overrides(gate.id, "lock").length > 0) return false;
    if (this.#record.policy.practice_mode) return true;
    if (this.#isKept(item)) return true;
    return this.#ownRulesHold(item) && (gate === null || this.#isOpen(gate));
  }

  #isKept(item: OutlineItem): boolean {
    if (!this.#record.opened.has(item.id) || !this.#tutorialPassed(item)) return false;
    const gate = this.#gateOf(item);
    return !this.#datesClose(item) && (gate === null || !this.#datesClose(gate));
  }

  /** Dates alone make the rule false: it could not be true, were every leaf but the `until` ones to its favour. */
  #datesClose(item: OutlineItem): boolean {
    const rule = this.#reduce(item.rule, (id) => this.#status(id) !== "draft");
    return rule !== null && !this.#couldHold(rule, item.id);
  }

  #couldHold(rule: Rule, owner: string): boolean {
    if ("until" in rule) return this.#now < this.#endOf(rule.until, owner);
    if ("all" in rule) return rule.all.every((child) => this.#couldHold(child, owner));
    if ("any" in rule) return rule.any.length === 0 || rule.any.some((child) => this.#couldHold(child, owner));
    if ("at_least" in rule) {
      return rule.at_least.of.filter((child) => this.#couldHold(child, owner)).length >= rule.at_least.count;
    }
    return true;
  }

  #endOf(until: string, owner: string): number {
    const extensions = this.#overrides(owner, "extend").map((o) => o.extend_to ?? 0);
    return Math.max(Date.parse(until), ...extensions);
  }

  #ruleHolds(item: OutlineItem): boolean {
    const demanded = (id: string, satisfied: boolean) =>
      this.#status(id) === "deprecated" ? satisfied : this.#status(id) !== "draft";
    const rule = this.#reduce(item.rule, demanded);
    return rule === null || this.#holds(rule, item.id);
  }

  /**
   * The rule without the leaves on items that do not count, without groups that this empties, and with `at_least`
   * lowered to what remains; null when nothing is left of it.
   */
  #reduce(rule: Rule | null, counts: (id: string, satisfied: boolean) => boolean): Rule | null {
    if (rule === null) return null;
    const group = (children: Rule[]) => {
      const left = children.map((child) => this.#reduce(child, counts)).filter((child) => child !== null);
      return { left, isEmptied: children.length > 0 && left.length === 0, dropped: children.length - left.length };
    };
    if ("all" in rule) {
      const { left, isEmptied } = group(rule.all);
      return isEmptied ? null : { all: left };
    }
    if ("any" in rule) {
      const { left, isEmptied } = group(rule.any);
      return isEmptied ? null : { any: left };
    }
    if ("at_least" in rule) {
      const { left, isEmptied, dropped } = group(rule.at_least.of);
      const count = dropped > 0 ? Math.min(rule.at_least.count, left.length) : rule.at_least.count;
      return isEmptied ? null : { at_least: { count, of: left } };
    }
    if ("not" in rule) {
      const inner = this.#reduce(rule.not, counts);
      return inner === null ? null : { not: inner };
    }
    if ("progress" in rule) {
      const { of, min_percent } = rule.progress;
      if (typeof of === "string" && this.#status(of) === "draft") return null;
      const listed = this.#listed(of);
      const left = listed.filter((id) => counts(id, this.#doneAt(id) !== null));
      return listed.length > 0 && left.length === 0 ? null : { progress: { of: left, min_percent } };
    }
    const item = "completed" in rule ? rule.completed : "attempted" in rule ? rule.attempted : null;
    const id = item ?? ("score" in rule ? rule.score.item : "after" in rule ? rule.after.item : null);
    return id === null || counts(id, this.#holds(rule, "")) ? rule : null;
  }

  #listed(of: string | string[]): string[] {
    if (typeof of !== "string") return of;
    return this.#outline.problems.filter((problem) => problem.chapter === of).map((problem) => problem.id);
  }

  /** A reduced rule as plain two-valued logic. */
  #holds(rule: Rule, owner: string): boolean {
    if ("all" in rule) return rule.all.every((child) => this.#holds(child, owner));
    if ("any" in rule) return rule.any.some((child) => this.#holds(child, owner));
    if ("at_least" in rule) {
      return rule.at_least.of.filter((child) => this.#holds(child, owner)).length >= rule.at_least.count;
    }
    if ("not" in rule) return !this.#holds(rule.not, owner);
    if ("completed" in rule) return this.#doneAt(rule.completed) !== null;
    if ("attempted" in rule) return this.#isAttempted(rule.attempted) || this.#excuses(rule.attempted).length > 0;
    if ("score" in rule) {
      const best = this.#record.facts.get(rule.score.item)?.best_score ?? null;
      return (best !== null && best >= rule.score.min) || this.#excuses(rule.score.item).length > 0;
    }
    if ("progress" in rule) {
      const listed = this.#listed(rule.progress.of);
      if (listed.length === 0) return true;
      const done = listed.filter((id) => this.#doneAt(id) !== null).length;
      // Authors write percentages to two decimals at most: 2 of 3 is 66.67.
      return Math.round((done / listed.length) * 10_000) / 100 >= rule.progress.min_percent;
    }
    if ("from" in rule) return this.#now >= Date.parse(rule.from);
    if ("until" in rule) return this.#now < this.#endOf(rule.until, owner);
    if ("after_enrollment" in rule) {
      return this.#now >= this.#record.enrolled_at + rule.after_enrollment.days * DAY;
    }
    if ("after" in rule) {
      const done = this.#doneAt(rule.after.item);
      return done !== null && this.#now >= done + rule.after.days * DAY;
    }
    return this.#record.policy.cohorts.includes(rule.cohort);
  }
}
