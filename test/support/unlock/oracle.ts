// Over 350 lines: it repeats the rules in a second way, without the code it is compared with.

import type { Fact } from "../../../src/unlock/facts.ts";
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
  const { over = 0, last = null } = record.policy.pauses ?? {};
  const hasBegun = last !== null && last.since <= now;
  const isPaused = hasBegun && (last.until === null || now < last.until);
  const lasted = hasBegun ? Math.min(now, last.until ?? now) - last.since : 0;
  // Days of a pause are no days of the enrollment.
  const world = new World(outline, { ...record, enrolled_at: record.enrolled_at + over + lasted }, now);
  return new Map(
    world.items.map((item) => {
      const verdict = world.verdict(item);
      return [item.id, isPaused ? { ...verdict, open: false } : verdict];
    }),
  );
}

class World {
  readonly items: (OutlineItem | OutlineProblem)[];
  readonly #outline: Outline;
  readonly #record: LearnerRecord;
  readonly #now: number;
  readonly #isPast: boolean;

  /** @param isPast with facts of the past, of which nothing is said about what else was locked then. */
  constructor(outline: Outline, record: LearnerRecord, now: number, isPast = false) {
    this.#isPast = isPast;
    this.#outline = outline;
    this.#record = record;
    this.#now = now;
    this.items = [...outline.chapters, ...outline.problems];
  }

  verdict(item: OutlineItem): Verdict {
    const status = this.#status(item.id);
    if (status === "draft") return { visible: false, open: false, earned: false };
    return { visible: this.#isVisible(item), open: this.#isOpen(item), earned: this.#isEarned(item) };
  }

  #isVisible(item: OutlineItem): boolean {
    const isKnown =
      this.#status(item.id) !== "deprecated" || this.#isAttempted(item.id) || this.#comesWithStarted(item);
    return isKnown && !this.#isConcealed(item);
  }

  #isConcealed(item: OutlineItem): boolean {
    const isMoodle = this.#outline.source?.platform === "moodle";
    const own = item.visibility ?? "shown";
    const around = this.#chapterOf(item)?.visibility ?? "shown";
    if (own === "hidden" || (around === "hidden" && !isMoodle)) return true;
    if (this.#isOpen(item)) return false;
    if (own === "unlisted" || around !== "shown") return true;
    const gate = this.#gateOf(item);
    if (gate !== null && (!this.#isVisible(gate) || (isMoodle && !this.#isOpen(gate)))) return true;
    const demanded = (id: string, satisfied: boolean) =>
      this.#askedStatus(id) === "deprecated" ? satisfied : this.#askedStatus(id) !== "draft";
    const rule = this.#reduce(this.#ruleOf(item), demanded, item.id);
    return rule !== null && this.#isBlamed(pushedDown(rule), item.id);
  }

  /** A rule without groups below a `not`: it fails, and a part that hides is among what fails all the way down. */
  #isBlamed(rule: Rule, owner: string): boolean {
    if (this.#holds(rule, owner)) return false;
    if ("hide" in rule) return true;
    const parts = "all" in rule ? rule.all : "any" in rule ? rule.any : "at_least" in rule ? rule.at_least.of : [];
    return parts.some((part) => this.#isBlamed(part, owner));
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

  get #platform(): string {
    return this.#outline.source?.platform ?? "latchkey";
  }

  /** The author's rule, with the start of the course and, from Canvas, that of the item. */
  #ruleOf(item: OutlineItem): Rule | null {
    const { starts } = this.#outline.options;
    const { opens } = item;
    const parts: Rule[] = item.rule === null ? [] : [item.rule];
    if (this.#platform === "canvas" && typeof opens === "string") parts.push({ from: opens });
    if (this.#platform === "canvas" && typeof opens === "object") parts.push({ after_enrollment: opens });
    if (starts !== undefined && this.#gateOf(item) === null) parts.push({ from: starts });
    return parts.length === 0 ? null : { all: parts };
  }

  /** By how much the learner sees what begins earlier than others. */
  #early(): number {
    const { beta } = this.#outline.options;
    const isBeta = beta?.cohorts.some((name) => this.#record.policy.cohorts.includes(name)) === true;
    return isBeta ? (beta?.days ?? 0) * DAY : 0;
  }

  /** The status for whoever asks for it: in Canvas what nobody can see is asked of nobody. */
  #askedStatus(id: string): ItemStatus {
    const item = this.#find(id);
    const isHidden = [item, this.#chapterOf(item)].some((one) => one?.visibility === "hidden");
    return this.#platform === "canvas" && isHidden ? "draft" : this.#status(id);
  }

  /** In Canvas what stands in a locked module counts for nothing. */
  #isUndone(id: string): boolean {
    if (this.#platform !== "canvas" || this.#isPast) return false;
    const item = this.#find(id);
    const module = this.#outline.chapters.includes(item) ? item : this.#gateOf(item);
    return module !== null && !this.#isOpen(module);
  }

  #status(id: string): ItemStatus {
    const item = this.#find(id);
    const chapter = this.#chapterOf(item);
    const both = [item.status, chapter?.status];
    if (!this.#isMeant(item) || (chapter !== null && !this.#isMeant(chapter))) return "draft";
    if (both.includes("draft")) return "draft";
    return both.includes("deprecated") ? "deprecated" : item.status;
  }

  /** What is meant for others is no more there than a draft. */
  #isMeant({ assign_to }: OutlineItem): boolean {
    return assign_to === undefined || this.#record.policy.cohorts.some((name) => assign_to.includes(name));
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

  /** Not deprecated itself, and its deprecated chapter (or it is that chapter) holds something the learner started. */
  #comesWithStarted(item: OutlineItem): boolean {
    const chapter = this.#chapterOf(item) ?? item;
    if (chapter.status !== "deprecated" || (chapter !== item && item.status === "deprecated")) return false;
    if (!this.#outline.chapters.includes(chapter)) return false;
    const inside = this.#outline.problems.filter(
      (one) => one.chapter === chapter.id && this.#status(one.id) !== "draft",
    );
    return [chapter, ...inside].some(({ id }) => this.#isAttempted(id));
  }

  /** When the item was done: completed or excused from, whichever was first. Null if neither. */
  #doneAt(id: string, isAlone = false): number | null {
    const told = this.#record.facts.get(id)?.completed_at ?? null;
    const completed = told !== null && (isAlone || !this.#isUndone(id)) ? told : null;
    const instants = [...(completed === null ? [] : [completed]), ...this.#excuses(id)];
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** A gate that is invisible to learners, or demanded of nobody, holds nobody up. */
  #holdsUp(id: string): boolean {
    return !["draft", "deprecated"].includes(this.#askedStatus(id)) && this.#doneAt(id, true) === null;
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
      .filter(({ id }) => !["draft", "deprecated"].includes(this.#askedStatus(id)))
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

  /**
   * Time has ended the item: go back moment by moment to when its rule held last. Held as it was then, with the facts of
   * then, does it still? Where it never held: could any facts make it hold now, and could they ever?
   */
  #datesClose(item: OutlineItem): boolean {
    const rule = this.#reduce(this.#ruleOf(item), (id) => this.#askedStatus(id) !== "draft", item.id);
    if (rule === null || this.#ruleHolds(item)) return false;
    const moments = this.#moments();
    const couldEver = (cohorts: "own" | "any") =>
      moments.some((at) => this.#couldHold(rule, item.id, true, at, cohorts));
    const couldNow = (cohorts: "own" | "any") => this.#couldHold(rule, item.id, true, this.#now, cohorts);
    if (couldEver("own") && !couldNow("own")) return true;
    if (couldEver("any") && !couldNow("any")) return true;
    const hasEnded = (scores: "early" | "late"): boolean | null => {
      for (const at of moments) {
        for (const asOf of [at, at - 1]) {
          const facts = this.#asOf(asOf, scores);
          if (new World(this.#outline, facts, at, true).#ruleHolds(item)) {
            return !new World(this.#outline, facts, this.#now, true).#ruleHolds(item);
          }
        }
      }
      return null;
    };
    return hasEnded("early") === true && hasEnded("late") !== false;
  }

  /** Every instant up to now at which anything may change, and a moment before each; latest first. */
  #moments(): number[] {
    const instants = [...this.#record.facts.values()].flatMap((fact) => [
      fact.attempted_at,
      fact.completed_at,
      fact.outcome_at ?? null,
      fact.viewed_at ?? null,
      fact.submitted_at ?? null,
    ]);
    const starts = [this.#record.enrolled_at, ...instants.filter((at) => at !== null)];
    const excuses = this.#record.policy.overrides.flatMap((one) => [one.created_at, one.extend_to ?? 0]);
    const named: number[] = [];
    const walk = (rule: Rule): void => {
      if ("all" in rule) rule.all.forEach(walk);
      else if ("any" in rule) rule.any.forEach(walk);
      else if ("at_least" in rule) rule.at_least.of.forEach(walk);
      else if ("not" in rule) walk(rule.not);
      else if ("hide" in rule) walk(rule.hide);
      else if ("from" in rule) named.push(Date.parse(rule.from), Date.parse(rule.from) - this.#early());
      else if ("until" in rule) named.push(Date.parse(rule.until));
      else if ("after_enrollment" in rule) named.push(...starts.map((at) => at + rule.after_enrollment.days * DAY));
      else if ("after" in rule) named.push(...[...starts, ...excuses].map((at) => at + rule.after.days * DAY));
    };
    for (const item of this.items) walk(this.#ruleOf(item) ?? { all: [] });
    const all = [...starts, ...excuses, ...named].flatMap((at) => [at - 1, at]).filter((at) => at <= this.#now);
    return [...new Set([...all, 0])].sort((a, b) => b - a);
  }

  /** The record with the facts up to an instant, and the overrides of now. */
  #asOf(instant: number, scores: "early" | "late"): LearnerRecord {
    const until = (at: number | null) => (at !== null && at <= instant ? at : null);
    const facts = [...this.#record.facts].map(([id, fact]): [string, Fact] => {
      const scoredAt = until(fact.completed_at ?? fact.attempted_at);
      const best_score = scores === "early" && scoredAt !== null ? fact.best_score : null;
      const attempt = {
        best_score,
        points: best_score === null ? null : (fact.points ?? null),
        points_min: fact.points_min ?? null,
        points_max: fact.points_max ?? null,
        latest: best_score === null ? null : (fact.latest ?? null),
      };
      const isDecided = until(fact.outcome_at ?? null) !== null;
      const verdict = isDecided ? { outcome: fact.outcome ?? null, outcome_at: fact.outcome_at ?? null } : {};
      const seen = { viewed_at: until(fact.viewed_at ?? null), submitted_at: until(fact.submitted_at ?? null) };
      const did = { ...seen, attempted_at: until(fact.attempted_at), completed_at: until(fact.completed_at) };
      return [id, { ...did, ...attempt, ...verdict }];
    });
    const overrides = this.#record.policy.overrides
      .filter((one) => one.expires_at === null || this.#now < one.expires_at)
      .filter((one) => one.kind !== "excuse" || one.created_at <= instant)
      .map((one) => ({ ...one, expires_at: null }));
    return { ...this.#record, facts: new Map(facts), policy: { ...this.#record.policy, overrides } };
  }

  /** Whether the rule could be as wanted at an instant, were every leaf on facts to its favour. */
  #couldHold(rule: Rule, owner: string, wanted: boolean, at: number, cohorts: "own" | "any"): boolean {
    const inner = (child: Rule) => this.#couldHold(child, owner, wanted, at, cohorts);
    if ("all" in rule) return wanted ? rule.all.every(inner) : rule.all.some(inner);
    if ("any" in rule) return wanted ? rule.any.some(inner) : rule.any.every(inner);
    if ("at_least" in rule) {
      const { count, of } = rule.at_least;
      return wanted ? of.filter(inner).length >= count : of.filter((child) => !inner(child)).length < count;
    }
    if ("not" in rule) return this.#couldHold(rule.not, owner, !wanted, at, cohorts);
    if ("hide" in rule) return this.#couldHold(rule.hide, owner, wanted, at, cohorts);
    if ("missing" in rule) return this.#holds(rule, owner, !wanted) === wanted;
    if ("from" in rule) return at >= this.#begin(Date.parse(rule.from), owner, !wanted) === wanted;
    if ("until" in rule) return at < this.#turn(Date.parse(rule.until), owner, wanted) === wanted;
    if ("after_enrollment" in rule) {
      const start = this.#record.enrolled_at + rule.after_enrollment.days * DAY;
      return at >= this.#turn(start, owner, !wanted) === wanted;
    }
    if ("cohort" in rule || "profile" in rule) return cohorts === "any" || this.#holds(rule, owner) === wanted;
    if ("after" in rule && !wanted && rule.after.days > 0) {
      const done = this.#doneAt(rule.after.item);
      return done === null || at < this.#turn(done + rule.after.days * DAY, owner, true);
    }
    return true;
  }

  /** When a date comes about for an item: later where it is an end and the item was given more time. */
  #turn(at: number, owner: string, isEnd: boolean): number {
    const extensions = this.#overrides(owner, "extend").map((o) => o.extend_to ?? 0);
    return isEnd ? Math.max(at, ...extensions) : at;
  }

  /** The same for a beginning, which is earlier for some. */
  #begin(at: number, owner: string, isEnd: boolean): number {
    return isEnd ? this.#turn(at, owner, true) : at - this.#early();
  }

  #ruleHolds(item: OutlineItem): boolean {
    const demanded = (id: string, satisfied: boolean) =>
      this.#askedStatus(id) === "deprecated" ? satisfied : this.#askedStatus(id) !== "draft";
    const rule = this.#reduce(this.#ruleOf(item), demanded, item.id);
    return rule === null || this.#holds(rule, item.id);
  }

  /**
   * The rule without the leaves on items that do not count, without groups that this empties, and with `at_least`
   * lowered to what remains; null when nothing is left of it.
   */
  #reduce(
    rule: Rule | null,
    counts: (id: string, satisfied: boolean) => boolean,
    owner: string,
    isDenied = false,
  ): Rule | null {
    if (rule === null) return null;
    const group = (children: Rule[]) => {
      const left = children
        .map((child) => this.#reduce(child, counts, owner, isDenied))
        .filter((child) => child !== null);
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
      // Written twice is asked once; a count that this puts out of reach means all of them.
      const once = rule.at_least.of.filter(
        (one, at, of) => of.findIndex((other) => JSON.stringify(one) === JSON.stringify(other)) === at,
      );
      const { left, isEmptied, dropped } = group(once);
      const asked =
        rule.at_least.count > rule.at_least.of.length
          ? rule.at_least.count
          : Math.min(rule.at_least.count, once.length);
      const count = dropped > 0 ? Math.min(asked, left.length) : asked;
      return isEmptied ? null : { at_least: { count, of: left } };
    }
    if ("not" in rule) {
      const inner = this.#reduce(rule.not, counts, owner, !isDenied);
      return inner === null ? null : { not: inner };
    }
    if ("hide" in rule) {
      const inner = this.#reduce(rule.hide, counts, owner, isDenied);
      return inner === null ? null : { hide: inner };
    }
    if ("average" in rule) {
      const { of, ...bounds } = rule.average;
      const scored = (id: string) => this.#grade(id, owner) !== null;
      const left = [...new Set(of)].filter((id) => counts(id, scored(id) || this.#excuses(id).length > 0));
      return left.length === 0 ? null : { average: { of: left, ...bounds } };
    }
    if ("progress" in rule) {
      const { of, min_percent } = rule.progress;
      if (typeof of === "string" && this.#askedStatus(of) === "draft") return null;
      const listed = this.#listed(of);
      const left = listed.filter((id) => counts(id, this.#doneAt(id) !== null));
      return listed.length > 0 && left.length === 0 ? null : { progress: { of: left, min_percent } };
    }
    const item = "completed" in rule ? rule.completed : "attempted" in rule ? rule.attempted : null;
    const opened = "viewed" in rule ? rule.viewed : "submitted" in rule ? rule.submitted : null;
    const graded =
      opened !== null ? opened : "points" in rule ? rule.points.item : "state" in rule ? rule.state.item : null;
    const id = graded ?? item ?? ("score" in rule ? rule.score.item : "after" in rule ? rule.after.item : null);
    return id === null || counts(id, this.#holds(rule, owner, isDenied)) ? rule : null;
  }

  /** The latest attempt, where an item's rule goes by it: score, instant, and points with their range. */
  #current(id: string, owner: string): number[] | null {
    const { keeps = this.#outline.options.sticky || this.#outline.source?.platform !== "moodle" } = this.#find(owner);
    const { latest = null } = this.#record.facts.get(id) ?? {};
    return keeps || latest === null ? null : JSON.parse(latest);
  }

  #grade(id: string, owner: string): number | null {
    return this.#current(id, owner)?.[0] ?? this.#record.facts.get(id)?.best_score ?? null;
  }

  /** The tracked item before another one, in the order of the page. */
  #trackedBefore(owner: string): string | null {
    const { chapters, problems } = this.#outline;
    const page = [
      ...chapters.flatMap((chapter) => [chapter, ...problems.filter((one) => one.chapter === chapter.id)]),
      ...problems.filter((one) => one.chapter === null),
    ];
    const isAnyTracked = this.items.some(({ completion }) => completion !== undefined);
    const before = page
      .slice(
        0,
        page.findIndex(({ id }) => id === owner),
      )
      .filter((item) => !chapters.includes(item) && ["active", "beta"].includes(this.#status(item.id)))
      .filter(({ completion }) => !isAnyTracked || completion !== undefined);
    return before.at(-1)?.id ?? null;
  }

  #listed(of: string | string[]): string[] {
    if (typeof of !== "string") return [...new Set(of)];
    const isMoodle = this.#outline.source?.platform === "moodle";
    const isChapterHidden = !isMoodle && this.#find(of).visibility === "hidden";
    const inside = this.#outline.problems.filter(
      (problem) => problem.chapter === of && problem.visibility !== "hidden",
    );
    return isChapterHidden ? [] : inside.map((problem) => problem.id);
  }

  /** A reduced rule as plain two-valued logic; denied: it stands below a `not`. */
  #holds(rule: Rule, owner: string, isDenied = false): boolean {
    if ("all" in rule) return rule.all.every((child) => this.#holds(child, owner, isDenied));
    if ("any" in rule) return rule.any.some((child) => this.#holds(child, owner, isDenied));
    if ("at_least" in rule) {
      return rule.at_least.of.filter((child) => this.#holds(child, owner, isDenied)).length >= rule.at_least.count;
    }
    if ("not" in rule) return !this.#holds(rule.not, owner, !isDenied);
    if ("completed" in rule) return this.#doneAt(rule.completed) !== null;
    if ("attempted" in rule) return this.#isAttempted(rule.attempted) || this.#excuses(rule.attempted).length > 0;
    if ("score" in rule) {
      const best = this.#grade(rule.score.item, owner);
      const { item, min = Number.NEGATIVE_INFINITY, below } = rule.score;
      if (best !== null && best >= min && (below === undefined || best < below)) return true;
      return below === undefined && this.#excuses(item).length > 0;
    }
    if ("average" in rule) {
      const { of, min = 0, below } = rule.average;
      const rows = of.map((id) => ({
        score: this.#grade(id, owner),
        isLeftOut: this.#excuses(id).length > 0,
      }));
      const counted = rows.filter(({ score, isLeftOut }) => score !== null || !isLeftOut);
      if (rows.every(({ score }) => score === null))
        return counted.length === 0 && rows.length > 0 && below === undefined;
      const mean = counted.reduce((sum, { score }) => sum + (score ?? 0), 0) / counted.length;
      return mean >= min - 1e-9 && (below === undefined || mean < below - 1e-9);
    }
    if ("viewed" in rule || "submitted" in rule) {
      const [id, field] =
        "viewed" in rule ? [rule.viewed, "viewed_at" as const] : [rule.submitted, "submitted_at" as const];
      const isDone = typeof this.#record.facts.get(id)?.[field] === "number" || this.#excuses(id).length > 0;
      return isDone || ("viewed" in rule && this.#isAttempted(id));
    }
    if ("points" in rule) {
      const told = this.#current(rule.points.item, owner);
      const points = told === null ? (this.#record.facts.get(rule.points.item)?.points ?? null) : (told[2] ?? null);
      const { min = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY } = rule.points;
      return points !== null && points >= min && points < below;
    }
    if ("state" in rule) {
      const { item, is } = rule.state;
      const fact = this.#record.facts.get(item);
      const told = fact?.outcome ?? (typeof fact?.completed_at === "number" ? "complete" : "incomplete");
      const state = told !== "failed" && this.#isUndone(item) ? "incomplete" : told;
      const { source } = this.#outline;
      const alias = source?.platform !== "moodle" ? null : source.release === "4.1" ? "complete" : "incomplete";
      const states = new Set<string>(alias !== null && is.includes(alias) ? [...is, "failed"] : is);
      if (this.#excuses(item).length === 0) return states.has(state);
      return states.has("complete") || states.has("passed") || (state !== "incomplete" && states.has(state));
    }
    if ("hide" in rule) return this.#holds(rule.hide, owner, isDenied);
    if ("missing" in rule) return isDenied && rule.missing.what === "item";
    if ("course_completed" in rule) return this.#record.policy.courses?.[rule.course_completed] !== undefined;
    if ("profile" in rule) {
      const { field, op, value } = rule.profile;
      const text = this.#record.policy.profile?.[field] ?? "";
      const empty = ["", "0"].includes(text);
      if (op === "is_empty" || op === "is_not_empty") return empty === (op === "is_empty");
      const asked = value ?? "";
      if (op === "is_equal_to") return asked === text;
      if (op === "starts_with") return text.slice(0, asked.length) === asked;
      if (op === "ends_with") return asked.length > 0 && text.slice(-asked.length) === asked;
      const isIn = text.split(asked).length > 1 || asked === "" || asked === text;
      return op === "contains" ? isIn : !isIn || ["", "0"].includes(asked);
    }
    if ("progress" in rule) {
      const listed = this.#listed(rule.progress.of);
      if (listed.length === 0) return true;
      const done = listed.filter((id) => this.#doneAt(id) !== null).length;
      // Authors write percentages to two decimals at most: 2 of 3 is 66.67.
      return Math.round((done / listed.length) * 10_000) / 100 >= rule.progress.min_percent;
    }
    if ("from" in rule) return this.#now >= this.#begin(Date.parse(rule.from), owner, isDenied);
    if ("until" in rule) return this.#now < this.#turn(Date.parse(rule.until), owner, !isDenied);
    if ("after_enrollment" in rule) {
      const at = this.#record.enrolled_at + rule.after_enrollment.days * DAY;
      return this.#now >= this.#turn(at, owner, isDenied);
    }
    if ("after" in rule) {
      const done = this.#doneAt(rule.after.item);
      const { days } = rule.after;
      return done !== null && this.#now >= this.#turn(done + days * DAY, owner, isDenied && days > 0);
    }
    if ("total" in rule) {
      const { min = 0, below } = rule.total;
      const graded = this.#outline.problems.flatMap(({ id }) => {
        const { points_min = null, points_max = null } = this.#record.facts.get(id) ?? {};
        const best_score = this.#grade(id, owner);
        const told = this.#current(id, owner);
        const [low, high] = told === null ? [points_min, points_max] : [told[3] ?? null, told[4] ?? null];
        const isLeftOut = best_score === null || this.#status(id) === "draft";
        return isLeftOut ? [] : [{ best_score, of: high === null ? 100 : high - (low ?? 0) }];
      });
      const points = graded.reduce((sum, { best_score, of }) => sum + (best_score / 100) * of, 0);
      const percent = (points * 100) / graded.reduce((sum, { of }) => sum + of, 0);
      return graded.length > 0 && percent >= min - 1e-6 && (below === undefined || percent < below - 1e-6);
    }
    if ("previous" in rule) {
      const before = this.#trackedBefore(owner);
      if (before === null) return isDenied;
      return this.#holds({ state: { item: before, is: rule.previous.is } }, owner, isDenied);
    }
    const { cohorts } = this.#record.policy;
    if (typeof rule.cohort === "string") return cohorts.includes(rule.cohort);
    return "any" in rule.cohort ? cohorts.length > 0 : rule.cohort.any_of.some((name) => cohorts.includes(name));
  }
}

/** The same rule with every `not` at a leaf. A part that hides does so only where it is not denied. */
function pushedDown(rule: Rule, isDenied = false): Rule {
  const inner = (children: Rule[]) => children.map((child) => pushedDown(child, isDenied));
  if ("not" in rule) return pushedDown(rule.not, !isDenied);
  if ("hide" in rule) return isDenied ? pushedDown(rule.hide, true) : { hide: pushedDown(rule.hide) };
  if ("all" in rule) return isDenied ? { any: inner(rule.all) } : { all: inner(rule.all) };
  if ("any" in rule) return isDenied ? { all: inner(rule.any) } : { any: inner(rule.any) };
  if ("at_least" in rule) {
    const { count, of } = rule.at_least;
    return { at_least: { count: isDenied ? of.length - count + 1 : count, of: inner(of) } };
  }
  return isDenied ? { not: rule } : rule;
}
