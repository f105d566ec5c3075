import { choices, GRADED_IN_PARTS, numberKey, OTHER_KIND, type Question, textsKey } from "../questions.ts";
import { child, childrenOf, descend, type XmlElement } from "../xml.ts";
import { isSet, optional, optionalNumber } from "./values.ts";

/** At most this many questions of a bank are kept. */
const MAX_QUESTIONS = 20_000;
/** Longest text of a question that is kept, in UTF-16 code units. */
const MAX_TEXT = 20_000;
/** A fraction this near to 1 counts as the full mark: Moodle writes seven digits. */
const WHOLE = 0.999_999;
/** Three thirds of seven digits each may differ from a whole by this much. */
const NEARLY = 0.001;

/** The question bank of a backup, with the questions that quizzes may use. */
export class QuestionBank {
  readonly #questions = new Map<string, Question>();

  /** A row of `questions.xml`. @param within the elements that contain it: since 4.0 an entry with several versions. */
  add(row: XmlElement, within: readonly XmlElement[]): void {
    if (this.#questions.size >= MAX_QUESTIONS) return;
    const entry = within.findLast(({ name }) => name === "question_bank_entry")?.attributes.get("id");
    const question = questionOf(row);
    this.#questions.set(`question ${row.attributes.get("id") ?? ""}`, question);
    // Versions are in order; a quiz that names no version uses the last one.
    if (entry !== undefined) this.#questions.set(`entry ${entry}`, question);
  }

  /** The questions in the slots of a quiz; undefined for missing ones and for random ones. */
  of(slots: readonly string[]): (Question | undefined)[] {
    return slots.map((slot) => this.#questions.get(slot));
  }
}

/** The references in the slots of a quiz. @param quiz its element. */
export function slotsOf(quiz: XmlElement): string[] {
  return childrenOf(child(quiz, "question_instances"), "question_instance").flatMap((slot) => {
    const entry = optionalNumber(child(slot, "question_reference"), "questionbankentryid");
    if (entry !== null) return [`entry ${entry}`];
    const question = optionalNumber(slot, "questionid");
    return question === null ? ["random"] : [`question ${question}`];
  });
}

function questionOf(row: XmlElement): Question {
  const kind = optional(row, "qtype") ?? "unknown";
  const text = (optional(row, "questiontext") ?? "").slice(0, MAX_TEXT);
  const plugin = child(row, `plugin_qtype_${kind}_question`);
  if (kind === "shortanswer") return { kind, text, ...shortAnswer(plugin) };
  if (kind === "numerical") return { kind, text, ...numerical(plugin) };
  if (kind === "multichoice") return { kind, text, ...multipleChoice(plugin) };
  if (kind === "truefalse") return { kind, text, ...trueOrFalse(plugin) };
  return {
    kind,
    text,
    key: null,
    why: kind === "random" ? "the question is chosen at random for each learner" : OTHER_KIND,
  };
}

function answersOf(plugin: XmlElement | undefined) {
  return childrenOf(child(plugin, "answers"), "answer").map((answer) => ({
    id: answer.attributes.get("id") ?? "",
    text: optional(answer, "answertext") ?? optional(answer, "answer_text") ?? "",
    fraction: optionalNumber(answer, "fraction") ?? 0,
  }));
}

const isPartial = ({ fraction }: { fraction: number }) => fraction > 0 && fraction < WHOLE;

type Asked = Pick<Question, "key" | "why" | "choices">;

/**
 * With a single answer: the right option. With several, Moodle adds the fractions of the chosen ones, also the negative
 * ones.
 */
function multipleChoice(plugin: XmlElement | undefined): Asked {
  const answers = answersOf(plugin);
  const settings = child(plugin, "multichoice");
  const shuffle = isSet(settings, "shuffleanswers");
  const options = (isRight: (fraction: number) => boolean) =>
    answers.map(({ text, fraction }) => ({ html: text, isRight: isRight(fraction) }));
  if (isSet(settings, "single")) {
    if (answers.some(isPartial)) return { key: null, why: GRADED_IN_PARTS };
    return choices({ options: options((fraction) => fraction >= WHOLE), several: false, shuffle });
  }
  const right = answers.filter(({ fraction }) => fraction > 0);
  const wrong = answers.filter(({ fraction }) => fraction <= 0);
  if (wrong.some(({ fraction }) => fraction === 0)) return { key: null, why: "a wrong choice costs nothing there" };
  const isEven = answers.every(({ fraction }) => Math.abs(Math.abs(fraction) * right.length - 1) < NEARLY);
  if (!isEven) return { key: null, why: "its answers count unequally" };
  return choices({ options: options((fraction) => fraction > 0), several: true, shuffle, partial: true });
}

function trueOrFalse(plugin: XmlElement | undefined): Asked {
  const options = answersOf(plugin).map(({ text, fraction }) => ({ html: text, isRight: fraction >= WHOLE }));
  return choices({ options, several: false, shuffle: false });
}

function shortAnswer(plugin: XmlElement | undefined): Pick<Question, "key" | "why"> {
  const answers = answersOf(plugin);
  if (answers.some(isPartial)) return { key: null, why: GRADED_IN_PARTS };
  const right = answers.filter(({ fraction }) => fraction >= WHOLE).map(({ text }) => text);
  const wrong = answers.filter(({ fraction }) => fraction <= 0 && fraction > -1);
  if (wrong.some(({ text }) => text !== "*")) {
    // A wrong answer before a right one with a wildcard matches first.
    if (right.some((text) => text.includes("*"))) return { key: null, why: "its answers depend on their order" };
  }
  if (right.some((text) => text.includes("*"))) return { key: null, why: "its answer contains a wildcard" };
  return textsKey(right, isSet(child(plugin, "shortanswer"), "usecase"));
}

function numerical(plugin: XmlElement | undefined): Pick<Question, "key" | "why"> {
  const answers = answersOf(plugin);
  if (answers.some(isPartial)) return { key: null, why: GRADED_IN_PARTS };
  const right = answers.filter(({ fraction }) => fraction >= WHOLE);
  const [only] = right;
  if (only === undefined || right.length > 1) return { key: null, why: "its answer is not exactly one number" };
  const options = descend(plugin, "numerical_options", "numerical_option");
  const hasUnits = childrenOf(child(plugin, "numerical_units"), "numerical_unit").length > 0;
  if (hasUnits || (optionalNumber(options, "unitgradingtype") ?? 0) > 0) {
    return { key: null, why: "its answer may have a unit" };
  }
  const records = childrenOf(child(plugin, "numerical_records"), "numerical_record");
  const record = records.find((one) => optional(one, "answer") === only.id);
  const value = only.text.trim() === "" ? Number.NaN : Number(only.text);
  return numberKey(value, optionalNumber(record, "tolerance") ?? 0);
}
