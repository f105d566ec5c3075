import type { AnswerKey } from "../../../unlock/index.ts";
import { childrenOf, type XmlElement } from "../xml.ts";

/**
 * The answer key of a problem with exactly one question that asks for a number or a text. All others are judged
 * elsewhere: choices, drawings, code, several questions at once, ranges, patterns and formulas.
 */
export function answerOf(problem: XmlElement): AnswerKey | null {
  const responses = responsesIn(problem);
  const [only] = responses;
  if (only === undefined || responses.length > 1) return null;
  const answer = only.attributes.get("answer")?.trim() ?? "";
  if (only.name === "numericalresponse") return numberKey(only, answer);
  return only.name === "stringresponse" ? textKey(only, answer) : null;
}

function responsesIn(element: XmlElement): XmlElement[] {
  const own = element.name.endsWith("response") ? [element] : [];
  return [...own, ...element.children.flatMap(responsesIn)];
}

function numberKey(response: XmlElement, answer: string): AnswerKey | null {
  const value = Number(answer);
  if (answer === "" || !Number.isFinite(value) || childrenOf(response, "additional_answer").length > 0) return null;
  const written = childrenOf(response, "responseparam").find((one) => one.attributes.get("type") === "tolerance");
  const tolerance = toleranceOf(written?.attributes.get("default")?.trim() ?? "0", value);
  return tolerance === null ? null : { kind: "numeric", value, tolerance };
}

/** @param text an amount, or percent of the value. */
function toleranceOf(text: string, value: number): number | null {
  const amount = Number(text.replace(/%$/, ""));
  if (text === "" || !Number.isFinite(amount) || amount < 0) return null;
  return text.endsWith("%") ? (Math.abs(value) * amount) / 100 : amount;
}

/** Longest text, and most texts, of an answer key. */
const MAX = { text: 1_000, texts: 50 };

function textKey(response: XmlElement, answer: string): AnswerKey | null {
  const type = (response.attributes.get("type") ?? "").split(/\s+/);
  if (type.includes("regexp")) return null;
  const more = childrenOf(response, "additional_answer").flatMap((one) => one.attributes.get("answer")?.trim() ?? []);
  const values = [...new Set([answer, ...more])];
  if (values.length > MAX.texts || values.some((value) => value === "" || value.length > MAX.text)) return null;
  return { kind: "exact", values, case_sensitive: !type.includes("ci") };
}
