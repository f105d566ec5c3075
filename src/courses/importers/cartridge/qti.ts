import { choices, GRADED_IN_PARTS, numberKey, OTHER_KIND, type Question, textsKey } from "../questions.ts";
import { child, childrenOf, childText, descend, type XmlElement } from "../xml.ts";

/** The questions of an assessment in QTI 1.2, as cartridges and Canvas write it. @param root `questestinterop`. */
export function questionsOf(root: XmlElement): Question[] {
  return itemsIn(root).map(questionOf);
}

function itemsIn(element: XmlElement): XmlElement[] {
  return element.children.flatMap((one) => (one.name === "item" ? [one] : itemsIn(one)));
}

function questionOf(item: XmlElement): Question {
  const kind = kindOf(item);
  const presentation = child(item, "presentation");
  const text = childText(child(presentation, "material"), "mattext") ?? "";
  const plain = kind.replace(/^cc\.|\.v\d+p\d+$/g, "");
  if (plain === "fib" || plain === "short_answer_question") return { kind, text, ...typed(item, textKey) };
  if (plain === "numerical_question") return { kind, text, ...typed(item, numericKey) };
  const several = SEVERAL_RIGHT.has(plain);
  if (several || ONE_RIGHT.has(plain)) return { kind, text, ...chosen(item, { several, partial: plain === PARTIAL }) };
  const why = plain === "pattern_match" ? "it looks for a part of the answer" : OTHER_KIND;
  return { kind, text, key: null, why };
}

/** Kinds with one right option, and kinds with several: those of Common Cartridge and of Canvas. */
const ONE_RIGHT = new Set(["multiple_choice", "multiple_choice_question", "true_false", "true_false_question"]);
const SEVERAL_RIGHT = new Set(["multiple_response", "multiple_answers_question"]);
/** Canvas gives a part of the score for each right option, and takes the same part away for each wrong one. */
const PARTIAL = "multiple_answers_question";

/**
 * A question in which one condition gives the full score and names the options to choose, and perhaps those not to
 * choose.
 */
function chosen(
  item: XmlElement,
  { several, partial }: { several: boolean; partial: boolean },
): Pick<Question, "key" | "why" | "choices"> {
  const fields = namedIn(item, "response_lid");
  const [field] = fields;
  if (field === undefined || fields.length > 1) return { key: null, why: "it has several blanks" };
  const scored = scoredIn(item);
  if (scored.some(isPart)) return { key: null, why: GRADED_IN_PARTS };
  const [only] = scored.map((one) => child(one, "conditionvar"));
  if (scored.length !== 1 || only === undefined) return { key: null, why: "its answer is not exactly one choice" };
  const right = new Set(chosenIn(only));
  const options = namedIn(field, "response_label").map((label) => ({
    html: childText(child(label, "material"), "mattext") ?? "",
    isRight: right.has(label.attributes.get("ident") ?? ""),
  }));
  const shuffle = /^yes$/i.test(child(field, "render_choice")?.attributes.get("shuffle") ?? "");
  return choices({ options, several, shuffle, ...(partial ? { partial } : {}) });
}

/** The options that a condition wants chosen; those in a `not` must not be chosen. */
function chosenIn(element: XmlElement): string[] {
  return element.children.flatMap((one) => {
    if (one.name === "varequal") return [one.text.trim()];
    return one.name === "not" ? [] : chosenIn(one);
  });
}

/** The conditions of an item that give a score. */
function scoredIn(item: XmlElement): XmlElement[] {
  const conditions = childrenOf(child(item, "resprocessing"), "respcondition");
  return conditions.filter((one) => Number(child(one, "setvar")?.text) > 0);
}

const isPart = (condition: XmlElement) => Number(child(condition, "setvar")?.text) < FULL;

/** The profile of Common Cartridge, or the kind that Canvas writes as well. */
function kindOf(item: XmlElement): string {
  const fields = childrenOf(descend(item, "itemmetadata", "qtimetadata"), "qtimetadatafield");
  const named = (label: string) => fields.find((field) => childText(field, "fieldlabel") === label);
  const field = named("question_type") ?? named("cc_profile");
  return childText(field, "fieldentry") ?? "unknown";
}

/** A question with one blank in which each condition gives the full score. */
function typed(
  item: XmlElement,
  keyOf: (conditions: readonly XmlElement[]) => Pick<Question, "key" | "why">,
): Pick<Question, "key" | "why"> {
  const blanks = new Set(namedIn(item, "response_str").map((one) => one.attributes.get("ident")));
  if (blanks.size > 1) return { key: null, why: "it has several blanks" };
  const scored = scoredIn(item);
  if (scored.some(isPart)) return { key: null, why: GRADED_IN_PARTS };
  return keyOf(scored.flatMap((one) => child(one, "conditionvar") ?? []));
}

/** A full score, percent. */
const FULL = 100;

function namedIn(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((one) => [...(one.name === name ? [one] : []), ...namedIn(one, name)]);
}

function textKey(conditions: readonly XmlElement[]): Pick<Question, "key" | "why"> {
  const equal = conditions.flatMap((one) => namedIn(one, "varequal"));
  const others = conditions.flatMap((one) => one.children.filter(({ name }) => name !== "varequal" && name !== "or"));
  if (others.length > 0) return { key: null, why: "its answer is not plain text" };
  const cases = new Set(equal.map((one) => /^yes$/i.test(one.attributes.get("case") ?? "")));
  if (cases.size > 1)
    return { key: null, why: "upper and lower case matter in some of its answers, but not in others" };
  return textsKey(
    equal.map(({ text }) => text),
    cases.has(true),
  );
}

function numericKey(conditions: readonly XmlElement[]): Pick<Question, "key" | "why"> {
  const [only] = conditions;
  if (only === undefined || conditions.length > 1) return { key: null, why: "its answer is not exactly one number" };
  const number = (name: string) => namedIn(only, name).map(({ text }) => Number(text.trim() || Number.NaN));
  const [[value], [low], [high]] = [number("varequal"), number("vargte"), number("varlte")];
  if (namedIn(only, "vargt").length + namedIn(only, "varlt").length > 0) {
    return { key: null, why: "its answer is a range without its ends" };
  }
  if (low === undefined || high === undefined) return numberKey(value ?? Number.NaN, 0);
  const middle = value ?? (low + high) / 2;
  const [below, above] = [middle - low, high - middle];
  if (Math.abs(below - above) > 1e-9 * Math.max(1, Math.abs(middle))) {
    return { key: null, why: "its range is not symmetric around its answer" };
  }
  return numberKey(middle, Math.max(below, above));
}
