import { inLanguage, type Language } from "../../platform/text.ts";
import { inZone } from "../../platform/zones.ts";
import type { Clause, ReasonClause } from "../clauses.ts";
import type { Program, Trait } from "../program.ts";
import { COMPLETION_STATES } from "../rules.ts";
import { CHINESE } from "./chinese.ts";
import { ENGLISH } from "./english.ts";
import { atLeast } from "./numbers.ts";
import type { Choice, Wording } from "./wording.ts";

/** A long list names this many things, then "and n more". */
const MAX_NAMED = 6;

const MINUTE_MS = 60_000;

const WORDINGS: Record<Language, Wording> = { en: ENGLISH, zh: CHINESE };

/** One condition of an item, as the author wrote it. */
export interface Leaf {
  kind:
    | "completed"
    | "attempted"
    | "score"
    | "score_range"
    | "points"
    | "state"
    | "average"
    | "total"
    | "viewed"
    | "submitted"
    | "progress"
    | "since"
    | "until"
    | "after"
    | "cohort"
    | "trait"
    | "missing";
  /** Id of the item in the condition; null if the learner does not see the item, or there is none. */
  item: string | null;
  /**
   * score, points: the least. state: the bits of the wanted states. since, until: epoch ms. after: ms. progress: how
   * many.
   */
  value: number;
  /** progress, average: out of how many. */
  total?: number;
  cohort?: string;
  trait?: Trait;
  /** score_range, points: the upper bound (exclusive); Infinity for none. */
  upper?: number;
  isDenied: boolean;
}

/** A bound of a score in words; null if there is none. */
function boundOf(value: number): string | null {
  return Number.isFinite(value) ? atLeast(value) : null;
}

export class Writer {
  readonly #program: Program;
  readonly #language: Language;
  readonly #words: Wording;
  readonly #zone: string | null;

  constructor(program: Program, language: Language, zone: string | null) {
    this.#zone = zone;
    this.#program = program;
    this.#language = language;
    this.#words = WORDINGS[language];
  }

  leaf({ kind, item, value, total = 0, cohort = "", trait, upper = 0, isDenied }: Leaf): string {
    const { condition, someItem } = this.#words;
    const title = item === null ? null : this.#title(item);
    switch (kind) {
      case "completed":
        return condition.completed(title ?? someItem, isDenied);
      case "attempted":
        return condition.attempted(title ?? someItem, isDenied);
      case "score":
        return condition.score(title ?? someItem, atLeast(value), isDenied);
      case "score_range":
        return condition.scoreRange(title ?? someItem, boundOf(value), boundOf(upper), isDenied);
      case "points":
        return condition.points(title ?? someItem, boundOf(value), boundOf(upper), isDenied);
      case "state":
        return condition.state(
          title ?? someItem,
          COMPLETION_STATES.filter((_, place) => (value & (1 << place)) !== 0),
          isDenied,
        );
      case "average":
        return condition.average(total, boundOf(value), boundOf(upper), isDenied);
      case "total":
        return condition.total(boundOf(value), boundOf(upper), isDenied);
      case "viewed":
        return condition.viewed(title ?? someItem, isDenied);
      case "submitted":
        return condition.submitted(title ?? someItem, isDenied);
      case "missing":
        return condition.missing;
      case "trait":
        if (trait === undefined) return condition.missing;
        if ("profile" in trait) return condition.profile(trait.profile, isDenied);
        if ("course" in trait) return condition.course(trait.course, isDenied);
        return condition.cohorts(trait.cohorts, isDenied);
      case "progress":
        return condition.progress(value, total, title, isDenied);
      case "since":
        return condition.since(this.#moment({ opensAt: value }));
      case "until":
        return condition.until(inZone(value, this.#zone));
      case "after":
        return condition.after(title ?? someItem, this.#duration(value), isDenied);
      default:
        return condition.cohort(cohort, isDenied);
    }
  }

  hopeless(): string {
    return this.#words.sentence(this.#words.hopeless);
  }

  text(todo: Clause | null, facts: readonly ReasonClause[]): string {
    const phrases = facts.map((fact) => this.#fact(fact));
    if (todo !== null)
      phrases.push(this.#isWait(todo) ? this.#words.opens(this.#moment(todo)) : this.#phrase(todo, false));
    return [...new Set(phrases)].map((phrase) => this.#words.sentence(phrase)).join(this.#words.between);
  }

  #isWait(clause: Clause): clause is ReasonClause {
    if (clause.kind !== "reason") return false;
    const { code } = clause.reason;
    return code === "opens_later" || code === "enrolled_too_recently" || code === "waiting_period";
  }

  /** A beginning names the minute in which it begins, an end the minute in which it ends. */
  #moment({ opensAt }: { opensAt?: number }): string {
    return inZone(Math.ceil((opensAt ?? 0) / MINUTE_MS) * MINUTE_MS, this.#zone);
  }

  #fact(clause: ReasonClause): string {
    const { code, item, required, available_at } = clause.reason;
    const words = this.#words;
    const title = item === undefined ? null : this.#title(item);
    switch (code) {
      case "closed":
        return words.closed(inZone(Date.parse(String(required ?? "")), this.#zone));
      case "not_in_cohort":
      case "profile_differs": {
        const { trait } = clause;
        if (trait === undefined) return words.cohort(String(required ?? ""));
        if ("profile" in trait) return words.profile(trait.profile);
        return words.cohorts("cohorts" in trait ? trait.cohorts : null);
      }
      case "missing":
        return words.missing;
      case "points_too_high":
        return words.tooManyPoints(title ?? words.someItem, atLeast(required));
      case "not_viewed":
      case "not_submitted":
      case "not_marked":
      case "not_contributed":
      case "points_too_low":
        return words.cannot.attempt(title ?? words.someItem);
      case "not_passed":
        return words.cannot.pass(title ?? words.someItem);
      case "score_too_high":
        return words.tooHigh(title ?? words.someItem, atLeast(required));
      case "not_scored":
        return words.cannot.attempt(title ?? words.someItem);
      case "locked_by_staff":
        return words.lockedByStaff(available_at == null ? null : inZone(Date.parse(available_at), this.#zone));
      case "paused":
        return words.paused(
          available_at == null ? null : inZone(Date.parse(available_at), this.#zone),
          (clause.reason.note ?? "").replace(/[.。]$/, ""),
        );
      case "not_completed":
      case "previous_chapter_not_completed":
      case "tutorial_not_completed":
        return words.cannot.complete(title ?? words.someItem);
      case "not_attempted":
        return words.cannot.attempt(title ?? words.someItem);
      case "score_too_low":
        return words.cannot.score(title ?? words.someItem, atLeast(required));
      case "progress_too_low":
      case "children_incomplete":
      case "average_too_low":
        return words.cannot.progress(title);
      case "total_too_low":
        return words.cannot.progress(null);
      case "total_too_high":
        return words.totalTooHigh(atLeast(required));
      case "average_too_high":
        return words.averageTooHigh(atLeast(required));
      case "chapter_locked":
        return words.cannot.chapter(title);
      case "opens_later":
      case "enrolled_too_recently":
      case "waiting_period":
        return words.cannot.late(this.#moment(clause));
      default:
        return words.excluded(title);
    }
  }

  #duration(ms: number): string {
    const minutes = Math.max(1, Math.ceil(ms / MINUTE_MS));
    return this.#words.duration(Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60);
  }

  #phrase(clause: Clause, isNested: boolean): string {
    if (clause.kind === "reason") return this.#reason(clause);
    const choice: Choice = clause.kind === "at_least" ? clause.count : clause.kind;
    // "Complete A, B and C" instead of "complete A, complete B and complete C".
    const plain = clause.clauses.filter(isPlainCompletion);
    const others = clause.clauses.filter((part) => !isPlainCompletion(part));
    const isMergeable = plain.length > 1 && (typeof choice === "string" || others.length === 0);
    const merged = isMergeable
      ? [
          this.#complete(
            plain.map(({ reason }) => reason.item ?? ""),
            choice,
          ),
        ]
      : [];
    const rest = isMergeable ? others : clause.clauses;
    if (rest.length === 0) return merged.join("");
    const named = rest.slice(0, MAX_NAMED - merged.length).map((part) => this.#phrase(part, true));
    const left = rest.length - named.length;
    const parts = [...merged, ...named, ...(left > 0 ? [this.#words.more(left, choice)] : [])];
    return this.#words.join(parts, choice, isNested);
  }

  #complete(items: readonly string[], choice: Choice): string {
    const titles = [...new Set(items)].map((item) => this.#title(item));
    const left = titles.length - MAX_NAMED;
    const named = left > 0 ? [...titles.slice(0, MAX_NAMED), this.#words.more(left, choice)] : titles;
    return this.#words.complete(this.#words.titles(named, choice));
  }

  #reason(clause: ReasonClause): string {
    const { reason, among = [], thenWait = 0, needs } = clause;
    const words = this.#words;
    const title = reason.item === undefined ? null : this.#title(reason.item);
    switch (reason.code) {
      case "not_completed": {
        const complete = words.complete(title ?? words.someItem);
        const phrase = needs === undefined ? complete : words.needing(complete, this.#phrase(needs, false));
        return thenWait > 0 ? words.thenWait(phrase, this.#duration(thenWait)) : phrase;
      }
      case "not_attempted":
        return words.attempt(title ?? words.someItem);
      case "score_too_low":
        return words.score(title ?? words.someItem, reason);
      case "points_too_low":
        return words.points(title ?? words.someItem, reason);
      case "average_too_low":
        return words.average(atLeast(reason.required));
      case "total_too_low":
        return words.total(atLeast(reason.required));
      case "not_viewed":
        return words.view(title ?? words.someItem);
      case "course_not_completed":
        return words.course(String(reason.required ?? ""));
      case "not_submitted":
        return words.submit(title ?? words.someItem);
      case "not_marked":
        return words.mark(title ?? words.someItem);
      case "not_contributed":
        return words.contribute(title ?? words.someItem);
      case "children_incomplete": {
        const count = reason.remaining;
        if (count === undefined) return words.share(title ?? words.someItem, atLeast(reason.required));
        if (among.length > 0) return this.#complete(among, count >= among.length ? "all" : count === 1 ? "any" : count);
        return title === null ? words.someItems(count) : words.solve(title, count);
      }
      case "not_passed":
        return words.pass(title ?? words.someItem);
      case "not_scored":
        return words.anyScore(title ?? words.someItem, reason.required === undefined ? null : atLeast(reason.required));
      case "progress_too_low": {
        const count = reason.remaining ?? 1;
        if (title !== null) return words.solve(title, count);
        if (among.length === 0) return words.someItems(count);
        return this.#complete(among, count >= among.length ? "all" : count === 1 ? "any" : count);
      }
      case "chapter_locked":
        return words.openChapter(title);
      case "previous_chapter_not_completed":
        return words.previousChapter(title ?? words.someItem);
      case "tutorial_not_completed":
        return words.tutorial(title ?? words.someItem);
      case "opens_later":
      case "enrolled_too_recently":
      case "waiting_period":
        return words.wait(this.#moment(clause));
      default:
        return this.#fact(clause);
    }
  }

  #title(item: string): string {
    const index = this.#program.indexOf.get(item) ?? this.#program.size;
    const { chapters, problems } = this.#program.outline;
    const source = index < this.#program.chapterCount ? chapters[index] : problems[index - this.#program.chapterCount];
    return source === undefined ? this.#words.someItem : this.#words.quote(inLanguage(source.title, this.#language));
  }
}

function isPlainCompletion(clause: Clause): clause is ReasonClause {
  return clause.kind === "reason" && clause.reason.code === "not_completed" && (clause.thenWait ?? 0) === 0;
}
