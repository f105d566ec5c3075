import { CHOOSES, numberKey, type Question, textsKey } from "../questions.ts";
import { childrenOf, type XmlElement } from "../xml.ts";

/** The questions of a problem. Those for a number or a text have a key; ranges, patterns and formulas do not. */
export function questionsOf(problem: XmlElement): Question[] {
  return responsesIn(problem).map(questionOf);
}

function responsesIn(element: XmlElement): XmlElement[] {
  const own = element.name.endsWith("response") ? [element] : [];
  return [...own, ...element.children.flatMap(responsesIn)];
}

function questionOf(response: XmlElement): Question {
  const kind = response.name;
  const answer = response.attributes.get("answer")?.trim() ?? "";
  if (kind === "numericalresponse") return { kind, text: "", ...numeric(response, answer) };
  if (kind === "stringresponse") return { kind, text: "", ...text(response, answer) };
  return { kind, text: "", key: null, why: CHOOSES };
}

function numeric(response: XmlElement, answer: string): Pick<Question, "key" | "why"> {
  if (childrenOf(response, "additional_answer").length > 0) return { key: null, why: "it takes several numbers" };
  const value = answer === "" ? Number.NaN : Number(answer);
  const written = childrenOf(response, "responseparam").find((one) => one.attributes.get("type") === "tolerance");
  return numberKey(value, toleranceOf(written?.attributes.get("default")?.trim() ?? "0", value));
}

/** @param text an amount, or percent of the value. @returns NaN where it is neither. */
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
