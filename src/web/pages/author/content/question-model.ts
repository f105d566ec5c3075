// Questions and keys in a draft. An author is writing it, so parts may be missing; unknown parts stay.

export type Json = Record<string, unknown>;
export type TextLanguage = "en" | "zh";
export const QUESTION_KINDS = ["any", "choice", "choices", "ordering", "text", "number", "file"] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** The fields of an item that the editor changes. Other fields stay as they are. */
export interface ContentPart {
  content?: unknown;
  question?: unknown;
  answer?: unknown;
  rubric?: unknown;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
export const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

export interface Option {
  id: string;
  text: unknown;
}

/** A text in one language; "" where it has none. A plain text counts as English. */
export function localized(value: unknown, language: TextLanguage): string {
  if (typeof value === "string") return language === "en" ? value : "";
  return textOf(objectOf(value)[language]);
}

/** The text with a new text in one language; null if no language has a text. */
export function withText(value: unknown, language: TextLanguage, text: string): Json | null {
  const before = typeof value === "string" ? { en: value } : objectOf(value);
  const { [language]: _old, ...rest } = before;
  const next = text === "" ? rest : { ...rest, [language]: text };
  return Object.keys(next).length === 0 ? null : next;
}

export function kindOf(question: unknown): QuestionKind {
  const { kind } = objectOf(question);
  return QUESTION_KINDS.find((each) => each === kind) ?? "any";
}

export function optionsOf(question: unknown): Option[] {
  return listOf(objectOf(question).options).map((each, index) => {
    const { id, text } = objectOf(each);
    return { id: textOf(id) || letter(index), text };
  });
}

const letter = (index: number): string =>
  String.fromCharCode(97 + (index % 26)) + (index < 26 ? "" : String(Math.floor(index / 26)));

/** A short id that no other option has. */
export function freshId(taken: readonly string[]): string {
  for (let index = 0; ; index += 1) {
    const id = letter(index);
    if (!taken.includes(id)) return id;
  }
}

/** The item with a question of another kind. Options are kept if the new kind has options; the key starts again. */
export function withKind(part: ContentPart, kind: QuestionKind): ContentPart {
  const before = optionsOf(part.question);
  const options =
    before.length >= 2
      ? before
      : ["a", "b"].map((id) => before.find((option) => option.id === id) ?? { id, text: { en: id.toUpperCase() } });
  const ids = options.map(({ id }) => id);
  const { question: _question, answer: _answer, ...rest } = part;
  switch (kind) {
    case "choice":
      return { ...rest, question: { kind, options }, answer: { kind, option: ids[0] } };
    case "choices":
      return { ...rest, question: { kind, options }, answer: { kind, options: ids.slice(0, 1) } };
    case "ordering":
      return { ...rest, question: { kind, options }, answer: { kind, options: ids } };
    case "number":
      return { ...rest, question: { kind, units: [] }, answer: { kind: "numeric", value: 0, tolerance: 0 } };
    case "file":
      return { ...rest, question: { kind, max_files: 1, max_bytes: 20_000_000 }, answer: null };
    case "text":
      return { ...rest, question: { kind }, answer: { kind: "exact", values: ["…"], case_sensitive: false } };
    default:
      return { ...rest, answer: null };
  }
}

/** The item with other options. The key's entries for removed options are removed. */
export function withOptions(part: ContentPart, options: Option[]): ContentPart {
  const question = objectOf(part.question);
  const ids = options.map(({ id }) => id);
  const answer = isObject(part.answer) ? part.answer : null;
  const next = { ...part, question: { ...question, options } };
  if (answer === null) return next;
  if (answer.kind === "ordering") return { ...next, answer: { ...answer, options: ids } };
  if (answer.kind === "choice") {
    return { ...next, answer: { ...answer, option: ids.includes(textOf(answer.option)) ? answer.option : ids[0] } };
  }
  if (answer.kind !== "choices") return next;
  const right = ids.filter((id) => listOf(answer.options).includes(id));
  return { ...next, answer: { ...answer, options: right.length === 0 ? ids.slice(0, 1) : right } };
}

/** A first key, for a question that people have judged so far. */
export function freshKey(part: ContentPart): Json {
  const kind = kindOf(part.question);
  const fresh = withKind(part, kind === "any" ? "text" : kind).answer;
  return objectOf(fresh);
}

/** Typed units: `cm = 0.01`, one on each line. Other lines are ignored. */
export function unitsOf(text: string): { unit: string; factor: number }[] {
  return text.split("\n").flatMap((line) => {
    const [unit = "", factor = ""] = line.split("=").map((each) => each.trim());
    const number = Number(factor);
    return unit !== "" && factor !== "" && Number.isFinite(number) && number > 0 ? [{ unit, factor: number }] : [];
  });
}

/** The item with another key for a number. The learner is offered the units of the key. */
export function withNumberKey(part: ContentPart, key: Json): ContentPart {
  const unit = textOf(key.unit);
  const others = listOf(key.other_units).map((each) => textOf(objectOf(each).unit));
  const { unit: _unit, unit_required, other_units, ...rest } = key;
  const units = unit === "" ? [] : [unit, ...others];
  const answer =
    unit === ""
      ? rest
      : {
          ...rest,
          unit,
          ...(unit_required === true ? { unit_required } : {}),
          ...(others.length === 0 ? {} : { other_units }),
        };
  const question = objectOf(part.question);
  return { ...part, answer, ...(question.kind === "number" ? { question: { ...question, units } } : {}) };
}

export const strings = (value: unknown): string[] => listOf(value).filter((each) => typeof each === "string");
export const objects = (value: unknown): Json[] => listOf(value).map(objectOf);
