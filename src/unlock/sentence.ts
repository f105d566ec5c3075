import { inLanguage, type Language } from "../shared/text.ts";
import type { Program } from "./compile.ts";
import type { Reason } from "./explain.ts";

/** What fails, as a tree: single reasons, joined as the rule joined them. */
export type Clause =
  | {
      kind: "reason";
      reason: Reason;
      /** Ids of the items a progress reason counts, as far as they are undone and visible. */
      among?: readonly string[];
      /** Days that have to pass once the reason is gone. */
      thenWaitDays?: number;
    }
  | { kind: "all" | "any"; clauses: Clause[] }
  | { kind: "at_least"; count: number; clauses: Clause[] };

/** Things named before a long list is cut with "and n more". */
const MAX_NAMED = 6;

/** How a list is meant: every one of it, one of it, or so many of it. */
type Choice = "all" | "any" | number;

/** What differs between languages. Titles come quoted, phrases without a capital or a stop. */
interface Wording {
  quote(title: string): string;
  titles(titles: string[], choice: Choice): string;
  complete(titles: string): string;
  thenWait(phrase: string, days: number): string;
  attempt(title: string): string;
  score(title: string, reason: Reason): string;
  solve(title: string, count: number): string;
  someItem: string;
  someItems(count: number): string;
  openChapter(title: string | null): string;
  previousChapter(title: string): string;
  tutorial(title: string): string;
  wait(moment: string): string;
  more(count: number, choice: Choice): string;
  join(parts: string[], choice: Choice, isNested: boolean): string;
  opens(moment: string): string;
  closed(moment: string): string;
  excluded(title: string | null): string;
  cohort(name: string): string;
  lockedByStaff: string;
  sentence(phrase: string): string;
  between: string;
}

function enumerate(parts: string[], word: "and" | "or"): string {
  if (parts.length <= 2) return parts.join(` ${word} `);
  return `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

const ENGLISH: Wording = {
  quote: (title) => `“${title}”`,
  titles: (titles, choice) =>
    typeof choice === "number"
      ? `any ${choice} of ${enumerate(titles, "and")}`
      : enumerate(titles, choice === "all" ? "and" : "or"),
  complete: (titles) => `complete ${titles}`,
  thenWait: (phrase, days) => `${phrase} and then wait ${days} ${days === 1 ? "day" : "days"}`,
  attempt: (title) => `attempt ${title}`,
  score: (title, { required, actual }) =>
    `score at least ${required} on ${title}${typeof actual === "number" ? ` (your best so far is ${actual})` : ""}`,
  solve: (title, count) => `complete ${count} more ${count === 1 ? "problem" : "problems"} in ${title}`,
  someItem: "another item",
  someItems: (count) => `complete ${count} more of the listed items`,
  openChapter: (title) => (title === null ? "unlock the chapter it belongs to" : `unlock the chapter ${title}`),
  previousChapter: (title) => `complete the previous chapter ${title}`,
  tutorial: (title) => `complete the tutorial ${title}`,
  wait: (moment) => `wait until ${moment}`,
  more: (count, choice) => (choice === "any" ? `one of ${count} more` : `${count} more`),
  join: (parts, choice, isNested) => {
    if (typeof choice === "number") return `do any ${choice} of these: ${parts.join("; ")}`;
    const isPlain = parts.every((part) => !/ (?:and|or|of) |: /.test(part.replaceAll(/“[^”]*”/g, "")));
    const word = choice === "all" ? "and" : "or";
    const text = isPlain ? enumerate(parts, word) : `${parts.slice(0, -1).join(", ")}, ${word} ${parts.at(-1)}`;
    if (!isNested) return text;
    if (!isPlain) return `(${text})`;
    return choice === "any" ? `either ${text}` : text;
  },
  opens: (moment) => `it opens on ${moment}`,
  closed: (moment) => `it closed on ${moment}`,
  excluded: (title) =>
    title === null ? "it is not available to you" : `it is not available because of your progress in ${title}`,
  cohort: (name) => `it is only for the cohort “${name}”`,
  lockedByStaff: "it was locked by the course staff",
  sentence: (phrase) => `${phrase.replace(/^\(*[a-z]/, (start) => start.toUpperCase())}.`,
  between: " ",
};

const CHINESE: Wording = {
  quote: (title) => `《${title}》`,
  titles: (titles, choice) => {
    if (typeof choice === "number") return `${titles.join("")}中的任意 ${choice} 项`;
    if (titles.length === 1) return titles.join("");
    return `${titles.slice(0, -1).join("")}${choice === "all" ? "和" : "或"}${titles.at(-1)}`;
  },
  complete: (titles) => `完成${titles}`,
  thenWait: (phrase, days) => `${phrase}后再等 ${days} 天`,
  attempt: (title) => `尝试${title}`,
  score: (title, { required, actual }) =>
    `在${title}中取得至少 ${required} 分${typeof actual === "number" ? `（目前最高 ${actual} 分）` : ""}`,
  solve: (title, count) => `在${title}中再完成 ${count} 题`,
  someItem: "另一项内容",
  someItems: (count) => `再完成 ${count} 项所列内容`,
  openChapter: (title) => (title === null ? "先解锁所在章节" : `先解锁章节${title}`),
  previousChapter: (title) => `先完成上一章${title}`,
  tutorial: (title) => `先完成入门内容${title}`,
  wait: (moment) => `等到 ${moment}`,
  more: (count, choice) => (choice === "any" ? `另外 ${count} 项之一` : `另外 ${count} 项`),
  join: (parts, choice, isNested) => {
    if (typeof choice === "number") return `任选以下 ${choice} 项：${parts.join("；")}`;
    const text = choice === "any" ? parts.join("，或者") : `${parts.slice(0, -1).join("，")}，并且${parts.at(-1)}`;
    return isNested ? `（${text}）` : text;
  },
  opens: (moment) => `将于 ${moment} 开放`,
  closed: (moment) => `已于 ${moment} 关闭`,
  excluded: (title) => (title === null ? "目前不对你开放" : `因你在${title}中的进度，不再对你开放`),
  cohort: (name) => `仅对“${name}”小组开放`,
  lockedByStaff: "已被课程教师锁定",
  sentence: (phrase) => `${phrase}。`,
  between: "",
};

const WORDINGS: Record<Language, Wording> = { en: ENGLISH, zh: CHINESE };

/** A readable sentence or two per language that say what a learner still has to do, or why nothing can be done. */
export function sentenceOf(program: Program, clause: Clause): Record<Language, string> {
  const { todo, facts } = sort(clause);
  const write = (language: Language) => new Writer(program, language).text(todo, facts);
  return { en: write("en"), zh: write("zh") };
}

/**
 * Parts what can be done or waited for from what just is so (closed, excluded, other cohort, locked by staff). An
 * alternative that rests on the latter is left out while enough others remain.
 */
function sort(clause: Clause): { todo: Clause | null; facts: Reason[] } {
  if (clause.kind === "reason") {
    const { code } = clause.reason;
    const isFact = code === "closed" || code === "excluded" || code === "not_in_cohort" || code === "locked_by_staff";
    return isFact ? { todo: null, facts: [clause.reason] } : { todo: clause, facts: [] };
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

class Writer {
  readonly #program: Program;
  readonly #language: Language;
  readonly #words: Wording;

  constructor(program: Program, language: Language) {
    this.#program = program;
    this.#language = language;
    this.#words = WORDINGS[language];
  }

  text(todo: Clause | null, facts: readonly Reason[]): string {
    // What just is so comes first: where there is any of it, the rest alone will not help.
    const phrases = facts.map((fact) => this.#fact(fact));
    if (todo !== null)
      phrases.push(this.#isWait(todo) ? this.#words.opens(this.#moment(todo)) : this.#phrase(todo, false));
    return [...new Set(phrases)].map((phrase) => this.#words.sentence(phrase)).join(this.#words.between);
  }

  #isWait(clause: Clause): clause is Clause & { kind: "reason" } {
    if (clause.kind !== "reason") return false;
    const { code } = clause.reason;
    return code === "opens_later" || code === "enrolled_too_recently" || code === "waiting_period";
  }

  /** Instants are shown to the minute, in UTC and saying so: the reader's zone is the front end's business. */
  #moment({ reason }: Clause & { kind: "reason" }): string {
    return momentOf(reason.available_at ?? "");
  }

  #fact({ code, item, required }: Reason): string {
    const title = item === undefined ? null : this.#title(item);
    if (code === "closed") return this.#words.closed(momentOf(String(required ?? "")));
    if (code === "not_in_cohort") return this.#words.cohort(String(required ?? ""));
    return code === "locked_by_staff" ? this.#words.lockedByStaff : this.#words.excluded(title);
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

  #reason(clause: Clause & { kind: "reason" }): string {
    const { reason, among = [], thenWaitDays = 0 } = clause;
    const words = this.#words;
    const title = reason.item === undefined ? null : this.#title(reason.item);
    switch (reason.code) {
      case "not_completed": {
        const phrase = words.complete(title ?? words.someItem);
        return thenWaitDays > 0 ? words.thenWait(phrase, thenWaitDays) : phrase;
      }
      case "not_attempted":
        return words.attempt(title ?? words.someItem);
      case "score_too_low":
        return words.score(title ?? words.someItem, reason);
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
        return this.#fact(reason);
    }
  }

  #title(item: string): string {
    const index = this.#program.indexOf.get(item) ?? this.#program.size;
    const { chapters, problems } = this.#program.outline;
    const source = index < this.#program.chapterCount ? chapters[index] : problems[index - this.#program.chapterCount];
    return source === undefined ? this.#words.someItem : this.#words.quote(inLanguage(source.title, this.#language));
  }
}

function momentOf(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

function isPlainCompletion(clause: Clause): clause is Clause & { kind: "reason" } {
  return clause.kind === "reason" && clause.reason.code === "not_completed" && (clause.thenWaitDays ?? 0) === 0;
}
