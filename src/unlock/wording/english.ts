import type { ProfileTest } from "../rules.ts";
import { atLeast, roundedDown } from "./numbers.ts";
import type { Wording } from "./wording.ts";

function enumerate(parts: string[], word: "and" | "or"): string {
  if (parts.length <= 2) return parts.join(` ${word} `);
  return `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

/** The wording of a profile field's condition, and of its denial. */
function profileIs({ field, op, value = "" }: ProfileTest, isDenied: boolean): string {
  const is = isDenied ? "is not" : "is";
  const does = (verb: string, verbs: string) => (isDenied ? `does not ${verb}` : verbs);
  const text = `“${value}”`;
  switch (op) {
    case "contains":
      return `${field} ${does("contain", "contains")} ${text}`;
    case "does_not_contain":
      return `${field} ${isDenied ? "contains" : "does not contain"} ${text}`;
    case "is_equal_to":
      return `${field} ${is} ${text}`;
    case "starts_with":
      return `${field} ${does("begin", "begins")} with ${text}`;
    case "ends_with":
      return `${field} ${does("end", "ends")} with ${text}`;
    case "is_empty":
      return `${field} ${is} empty`;
    default:
      return `${field} ${isDenied ? "is" : "is not"} empty`;
  }
}

function quoted(names: readonly string[]): string {
  return enumerate(
    names.map((name) => `“${name}”`),
    "or",
  );
}

export const ENGLISH: Wording = {
  quote: (title) => `“${title}”`,
  titles: (titles, choice) =>
    typeof choice === "number"
      ? `any ${choice} of ${enumerate(titles, "and")}`
      : enumerate(titles, choice === "all" ? "and" : "or"),
  complete: (titles) => `complete ${titles}`,
  thenWait: (phrase, duration) => `${phrase} and then wait ${duration}`,
  duration: (days, hours, minutes) => {
    const parts = Object.entries({ day: days, hour: hours, minute: minutes });
    return enumerate(
      parts.flatMap(([unit, count]) => (count === 0 ? [] : [`${count} ${unit}${count === 1 ? "" : "s"}`])),
      "and",
    );
  },
  attempt: (title) => `attempt ${title}`,
  score: (title, { required, actual }) =>
    `score at least ${atLeast(required)} on ${title}${typeof actual === "number" ? ` (your best so far is ${roundedDown(actual)})` : ""}`,
  points: (title, { required, actual }) =>
    `get at least ${atLeast(required)} points on ${title}${typeof actual === "number" ? ` (your best so far is ${roundedDown(actual)})` : ""}`,
  pass: (title) => `pass ${title}`,
  average: (required) => `bring the average of the listed items to ${required}`,
  total: (required) => `bring your total of the course to ${required} %`,
  totalTooHigh: (below) => `it is only for those whose total of the course is below ${below} %`,
  averageTooHigh: (below) => `it is only for those whose average is below ${below}`,
  view: (title) => `open ${title}`,
  mark: (title) => `mark ${title} as done`,
  contribute: (title) => `contribute to ${title}`,
  share: (title, required) => `complete ${required} % of ${title}`,
  needing: (phrase, needs) => `${phrase} (${needs})`,
  submit: (title) => `submit something for ${title}`,
  anyScore: (title, below) => (below === null ? `get a score on ${title}` : `score below ${below} on ${title}`),
  cannot: {
    complete: (title) => `you cannot complete ${title}`,
    attempt: (title) => `you cannot attempt ${title}`,
    score: (title, required) => `you cannot score ${required} on ${title}`,
    pass: (title) => `you cannot pass ${title}`,
    progress: (title) => `you cannot complete enough ${title === null ? "of what it asks for" : `in ${title}`}`,
    chapter: (title) => (title === null ? "its chapter cannot be opened" : `the chapter ${title} cannot be opened`),
    late: (moment) => `it would have to wait until ${moment}, and that is too late`,
  },
  hopeless: "nothing you can do opens it",
  condition: {
    completed: (title, isDenied) => (isDenied ? `${title} is not completed` : `${title} is completed`),
    attempted: (title, isDenied) => (isDenied ? `${title} is not attempted` : `${title} is attempted`),
    score: (title, min, isDenied) => `a score ${isDenied ? "below" : "of at least"} ${min} on ${title}`,
    progress: (needed, total, title, isDenied) =>
      `${isDenied ? "fewer than" : "at least"} ${needed} of ${total} ${title === null ? "listed items" : `problems in ${title}`} completed`,
    since: (moment) => `from ${moment} on`,
    until: (moment) => `until ${moment}`,
    after: (title, duration, isDenied) =>
      isDenied ? `at most ${duration} since ${title} was completed` : `${duration} since ${title} was completed`,
    cohort: (name, isDenied) => `${isDenied ? "not in" : "in"} the cohort “${name}”`,
    cohorts: (names, isDenied) =>
      names === null
        ? `in ${isDenied ? "no" : "any"} cohort`
        : `${isDenied ? "not in" : "in"} the cohort ${quoted(names)}`,
    profile: profileIs,
    course: (name, isDenied) => `the course “${name}” is ${isDenied ? "not " : ""}completed`,
    points: (title, min, below, isDenied) => {
      const from = min === null ? "" : ` at least ${min}`;
      const to = below === null ? "" : `${min === null ? "" : " and"} fewer than ${below}`;
      return `${isDenied ? "not" : ""}${from}${to} points on ${title}`.trim();
    },
    average: (total, min, below, isDenied) => {
      const from = min === null ? "" : ` of at least ${min}`;
      const to = below === null ? "" : `${min === null ? "" : " and"} below ${below}`;
      return `${isDenied ? "no average" : "an average"}${from}${to} over ${total} ${total === 1 ? "item" : "items"}`;
    },
    total: (min, below, isDenied) => {
      const from = min === null ? "" : ` of at least ${min} %`;
      const to = below === null ? "" : `${min === null ? "" : " and"} below ${below} %`;
      return `${isDenied ? "no total of the course" : "a total of the course"}${from}${to}`;
    },
    viewed: (title, isDenied) => `${title} ${isDenied ? "has not been" : "has been"} opened`,
    submitted: (title, isDenied) => `${title} ${isDenied ? "has not been" : "has been"} submitted`,
    state: (title, states, isDenied) => `${title} is ${isDenied ? "not " : ""}${enumerate([...states], "or")}`,
    missing: "something that the course does not have",
    scoreRange: (title, min, below, isDenied) => {
      const score = isDenied ? "no score" : "a score";
      const from = min === null ? "" : ` of at least ${min}`;
      const to = below === null ? "" : `${min === null ? "" : " and"} below ${below}`;
      return `${score}${from}${to} on ${title}`;
    },
  },
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
  cohorts: (names) =>
    names === null ? "it is only for those who are in a cohort" : `it is only for the cohort ${quoted(names)}`,
  profile: (test) => `it is only for those whose ${profileIs(test, false)}`,
  course: (name) => `complete the course “${name}”`,
  missing: "it asks for something that the course does not have",
  tooManyPoints: (title, below) => `it is only for those with fewer than ${below} points on ${title}`,
  tooHigh: (title, below) => `it is only for those who scored below ${below} on ${title}`,
  lockedByStaff: (until) => `it was locked by the course staff${until === null ? "" : ` until ${until}`}`,
  paused: (until, note) =>
    `the course staff paused this course for you${until === null ? "" : ` until ${until}`}: ${note}`,
  sentence: (phrase) => `${phrase.replace(/^\(*[a-z]/, (start) => start.toUpperCase())}.`,
  between: " ",
};
