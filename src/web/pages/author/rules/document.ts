import type { Outline, OutlineItem, Rule } from "../../../../unlock/index.ts";

// The parts of a draft that the rule builder reads. An author is writing it, so anything may be missing or wrong:
// unreadable parts are left out, and publishing reports them.

type Json = Record<string, unknown>;

export interface DraftItem {
  id: string;
  title: string;
  chapter: string | null;
  rule: unknown;
  raw: Json;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** A title in one language, or in the other if that is missing. */
function titleIn(title: unknown, language: "en" | "zh"): string {
  if (typeof title === "string") return title;
  if (!isObject(title)) return "";
  const [first, second] = language === "en" ? [title.en, title.zh] : [title.zh, title.en];
  return typeof first === "string" ? first : typeof second === "string" ? second : "";
}

/** The items of a draft in course order: each chapter with its problems, then the problems of no chapter. */
export function itemsOf(course: unknown, language: "en" | "zh"): DraftItem[] {
  if (!isObject(course)) return [];
  const itemOf = (raw: Json, chapter: string | null): DraftItem[] =>
    typeof raw.id === "string"
      ? [{ id: raw.id, title: titleIn(raw.title, language) || raw.id, chapter, rule: raw.rule ?? null, raw }]
      : [];
  return [
    ...listOf(course.chapters).flatMap((chapter) => [
      ...itemOf(chapter, null),
      ...listOf(chapter.problems).flatMap((problem) =>
        itemOf(problem, typeof chapter.id === "string" ? chapter.id : null),
      ),
    ]),
    ...listOf(course.problems).flatMap((problem) => itemOf(problem, null)),
  ];
}

export function isChapter(course: unknown, id: string): boolean {
  return isObject(course) && listOf(course.chapters).some((chapter) => chapter.id === id);
}

/** Every item that a rule names, also in parts that the builder cannot show. */
export function namedIn(rule: unknown): string[] {
  const found: string[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (depth > 80) return;
    if (typeof value === "string") found.push(value);
    else if (Array.isArray(value)) for (const each of value) visit(each, depth + 1);
    else if (isObject(value)) for (const each of Object.values(value)) visit(each, depth + 1);
  };
  visit(rule, 0);
  return found;
}

/**
 * Items that an item's rule must not name: itself, its chapter or its problems, and items that already wait for it,
 * directly or through others.
 */
export function notToBeAsked(items: readonly DraftItem[], item: string): Set<string> {
  const waiting = new Map<string, string[]>();
  const known = new Set(items.map(({ id }) => id));
  const note = (on: string, who: string) => waiting.set(on, [...(waiting.get(on) ?? []), who]);
  for (const { id, rule, chapter } of items) {
    for (const named of new Set(namedIn(rule))) if (known.has(named) && named !== id) note(named, id);
    if (chapter === null) continue;
    // A problem waits for its chapter, and a chapter that is completed by its items waits for them.
    note(chapter, id);
    const holder = items.find((each) => each.id === chapter);
    if (JSON.stringify(holder?.raw.completion ?? null).includes('"children"')) note(id, chapter);
  }
  const found = new Set([item]);
  const left = [item];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const who of waiting.get(next) ?? []) {
      if (found.has(who)) continue;
      found.add(who);
      left.push(who);
    }
  }
  const own = items.find(({ id }) => id === item)?.chapter;
  if (own != null) found.add(own);
  return found;
}

/** Cohorts that a draft names anywhere, for suggestions. */
export function cohortsIn(course: unknown): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, depth: number): void => {
    if (depth > 80) return;
    if (Array.isArray(value)) for (const each of value) visit(each, depth + 1);
    else if (isObject(value)) {
      for (const [key, each] of Object.entries(value)) {
        if (key === "cohort" && typeof each === "string") found.add(each);
        if ((key === "any_of" || key === "assign_to" || key === "cohorts") && Array.isArray(each)) {
          for (const name of each) if (typeof name === "string") found.add(name);
        }
        visit(each, depth + 1);
      }
    }
  };
  visit(course, 0);
  return [...found].sort();
}

function withFields(item: Json, fields: object): Json {
  return Object.fromEntries(Object.entries({ ...item, ...fields }).filter(([, value]) => value !== undefined));
}

const TOLD = ["completion", "kind", "visibility", "assign_to", "keeps", "opens", "due", "closes"] as const;
const STATUSES = ["draft", "beta", "active", "deprecated"] as const;

/**
 * A draft in the form of the engine.
 * @param ruleOf returns a readable rule, or null.
 */
export function outlineOf(course: unknown, ruleOf: (rule: unknown) => Rule | null): Outline {
  const options = isObject(course) && isObject(course.options) ? course.options : {};
  const items = itemsOf(course, "en");
  const chapterIds = new Set(items.filter(({ id }) => isChapter(course, id)).map(({ id }) => id));
  const shared = ({ id, title, rule, raw }: DraftItem): OutlineItem => {
    const told = Object.fromEntries(TOLD.flatMap((field) => (raw[field] === undefined ? [] : [[field, raw[field]]])));
    const status = STATUSES.find((each) => each === raw.status) ?? "active";
    return { id, title: { en: title }, status, rule: ruleOf(rule), ...told };
  };
  const yes = (name: string, usual: boolean) => (typeof options[name] === "boolean" ? options[name] : usual);
  return {
    course: isObject(course) && typeof course.slug === "string" ? course.slug : "course",
    title: { en: isObject(course) ? titleIn(course.title, "en") : "" },
    options: {
      sequential: yes("sequential", false),
      tutorial: typeof options.tutorial === "string" ? options.tutorial : null,
      sticky: yes("sticky", true),
      problems_follow_chapter: yes("problems_follow_chapter", true),
      open_enrollment: true,
      ...(typeof options.starts === "string" ? { starts: options.starts } : {}),
      ...(typeof options.ends === "string" ? { ends: options.ends } : {}),
    },
    chapters: items.filter(({ id }) => chapterIds.has(id)).map(shared),
    problems: items
      .filter(({ id }) => !chapterIds.has(id))
      .map((item) => ({ ...shared(item), chapter: item.chapter, difficulty: 1, answer: null })),
  };
}

/** The draft with another rule for one item. */
export function withRule(course: unknown, item: string, rule: unknown): unknown {
  return withItem(course, item, { rule });
}

/** The draft with other fields of one item. Undefined fields are removed, and a chapter has no question. */
function withItem(course: unknown, item: string, fields: object): unknown {
  if (!isObject(course)) return course;
  const inList = (list: unknown): unknown =>
    Array.isArray(list)
      ? list.map((each: unknown) => {
          if (!isObject(each)) return each;
          const own = each.id === item ? withFields(each, fields) : each;
          return own.problems === undefined ? own : { ...own, problems: inList(own.problems) };
        })
      : list;
  return { ...course, chapters: inList(course.chapters), problems: inList(course.problems) };
}
