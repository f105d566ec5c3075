import { choices, GRADED_IN_PARTS, numberKey, OTHER_KIND, type Question, textsKey } from "../questions.ts";
import { child, childrenOf, type XmlElement } from "../xml.ts";

/**
 * The questions of a problem. Questions for a number, a text or a choice get a key; ranges, patterns and formulas do
 * not.
 * @param file the text of its own file, if it has one: it has the options with their markup.
 */
export function questionsOf(problem: XmlElement, file: string | null): Question[] {
  return responsesIn(problem).map((response) => questionOf(response, file));
}

function responsesIn(element: XmlElement): XmlElement[] {
  const own = element.name.endsWith("response") ? [element] : [];
  return [...own, ...element.children.flatMap(responsesIn)];
}

function questionOf(response: XmlElement, file: string | null): Question {
  const kind = response.name;
  const answer = response.attributes.get("answer")?.trim() ?? "";
  if (kind === "numericalresponse") return { kind, text: "", ...numeric(response, answer) };
  if (kind === "stringresponse") return { kind, text: "", ...text(response, answer) };
  if (Object.hasOwn(CHOOSING, kind)) return { kind, text: "", ...chosen(response, file) };
  return { kind, text: "", key: null, why: OTHER_KIND };
}

/** Kinds of choices, with the element that contains their options and the name of each option. */
const CHOOSING: Readonly<Record<string, { group: string; option: string; several: boolean }>> = {
  multiplechoiceresponse: { group: "choicegroup", option: "choice", several: false },
  choiceresponse: { group: "checkboxgroup", option: "choice", several: true },
  optionresponse: { group: "optioninput", option: "option", several: false },
};
/** Elements within an option that do not belong to its text. */
const HINTS = new Set(["choicehint", "optionhint"]);
const HINT = /<(choicehint|optionhint)\b[\s\S]*?<\/\1>/g;

function chosen(response: XmlElement, file: string | null): Pick<Question, "key" | "why" | "choices"> {
  const { group, option, several } = CHOOSING[response.name] ?? { group: "", option: "", several: false };
  const input = child(response, group);
  if (response.attributes.has("partial_credit")) return { key: null, why: GRADED_IN_PARTS };
  if (input?.attributes.has("answer-pool"))
    return { key: null, why: "its options are drawn at random for each learner" };
  const found = childrenOf(input, option);
  if (found.length === 0) return { key: null, why: "its options are not in elements of their own" };
  const written = file === null ? [] : textsIn(file, option);
  const options = found.map((one, index) => {
    const isPlain = one.children.every(({ name }) => HINTS.has(name));
    // If a file has the options of several questions, it is not known which belong to this one.
    const html = written.length === found.length ? written[index] : isPlain ? escaped(one.text) : undefined;
    return { html: html ?? "", isRight: /^true$/i.test(one.attributes.get("correct") ?? "") };
  });
  const isMixed = found.every((one) => one.attributes.get("fixed") !== "true");
  return choices({ options, several, shuffle: isMixed && input?.attributes.get("shuffle") === "true" });
}

function textsIn(file: string, option: string): string[] {
  const plain = file.replace(/<!--[\s\S]*?-->/g, "").replace(HINT, "");
  return [...plain.matchAll(new RegExp(`<${option}\\b[^>]*>([\\s\\S]*?)</${option}>`, "g"))].map(
    ([, text = ""]) => text,
  );
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function numeric(response: XmlElement, answer: string): Pick<Question, "key" | "why"> {
  if (childrenOf(response, "additional_answer").length > 0) return { key: null, why: "it takes several numbers" };
  const value = answer === "" ? Number.NaN : Number(answer);
  const written = childrenOf(response, "responseparam").find((one) => one.attributes.get("type") === "tolerance");
  return numberKey(value, toleranceOf(written?.attributes.get("default")?.trim() ?? "0", value));
}

/** @param text an amount, or percent of the value. @returns NaN if it is neither. */
function toleranceOf(text: string, value: number): number {
  const amount = text === "" ? Number.NaN : Number(text.replace(/%$/, ""));
  return text.endsWith("%") ? (Math.abs(value) * amount) / 100 : amount;
}

function text(response: XmlElement, answer: string): Pick<Question, "key" | "why"> {
  const type = (response.attributes.get("type") ?? "").split(/\s+/);
  if (type.includes("regexp")) return { key: null, why: "its answer is a pattern in another notation" };
  const more = childrenOf(response, "additional_answer").flatMap((one) => one.attributes.get("answer") ?? []);
  return textsKey([answer, ...more], !type.includes("ci"));
}
