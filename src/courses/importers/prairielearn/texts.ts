import { choices, GRADED_IN_PARTS, numberKey, OTHER_KIND, type Question, textsKey } from "../questions.ts";
import { entryOf } from "../table.ts";

/** Elements that ask for a number or a text. Elements that are not listed ask for more. */
const KINDS: Readonly<Record<string, (attributes: ReadonlyMap<string, string>) => Pick<Question, "key" | "why">>> = {
  "pl-number-input": numberInput,
  "pl-integer-input": (attributes) => plainNumber(attributes, 0),
  "pl-string-input": stringInput,
};
const ELEMENT = /<(pl-[a-z0-9-]+)\b((?:[^>"']|"[^"]*"|'[^']*')*)>/g;
const ATTRIBUTE = /([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
/** Elements that ask something: inputs, and elements with their own interface. */
const ASKS =
  /-input$|^pl-(?:multiple-choice|checkbox|order-blocks|matching|dropdown|file-editor|file-upload|drawing|rich-text-editor|big-o-input)$/;

/** The default of `pl-number-input`: right within a relative error of a hundredth, and 1e-8. */
const RELATIVE = 0.01;
const ABSOLUTE = 1e-8;
const PROGRAM = "a program chooses its values at random for each learner";

/** The questions of a course, as far as its files show them. */
export class QuestionTexts {
  readonly #html = new Map<string, string>();
  readonly #programs = new Set<string>();

  /** @param path of `question.html` or `server.py`. */
  add(path: string, text: string): void {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (path.endsWith("/server.py")) this.#programs.add(folder);
    else this.#html.set(folder, text);
  }

  /** The questions inside one PrairieLearn question, and its text without templates. */
  of(folder: string): { questions: Question[]; html: string } {
    const source = this.#html.get(folder);
    if (source === undefined) return { questions: [], html: "" };
    const isDrawn = this.#programs.has(folder) || source.includes("{{");
    const questions = [...source.matchAll(ELEMENT)].flatMap(({ index, 1: kind = "", 2: rest = "" }): Question[] => {
      if (!ASKS.test(kind)) return [];
      const several = kind === "pl-checkbox";
      if (several || kind === "pl-multiple-choice") {
        const options = source.slice(index).match(new RegExp(`^<${kind}\\b[\\s\\S]*?</${kind}>`))?.[0] ?? "";
        const found = isDrawn ? { key: null, why: PROGRAM } : chosen(attributesOf(rest), options, several);
        return [{ kind, text: "", ...found }];
      }
      const keyOf = entryOf(KINDS, kind);
      if (keyOf === undefined) return [{ kind, text: "", key: null, why: OTHER_KIND }];
      if (isDrawn) return [{ kind, text: "", key: null, why: PROGRAM }];
      return [{ kind, text: "", ...keyOf(attributesOf(rest)) }];
    });
    return { questions, html: isDrawn ? "" : shown(source) };
  }
}

/** The text that learners read before they answer. */
function shown(source: string): string {
  return source.replace(/<(pl-(?:submission|answer)-panel|pl-answer|pl-hint|pl-solution)\b[\s\S]*?<\/\1>/g, "");
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(ATTRIBUTE)].map(([, name = "", double, single, bare]) => [
      name,
      (double ?? single ?? bare ?? "").replaceAll("&lt;", "<").replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
    ]),
  );
}

const OTHER: Pick<Question, "key" | "why"> = {
  key: null,
  why: "it compares answers in a way that answer keys do not support",
};

/** Settings that hide some options, or add others. */
const DRAWS = [
  "number-answers",
  "min-correct",
  "max-correct",
  "external-json",
  "none-of-the-above",
  "all-of-the-above",
];
const ANSWER = /<pl-answer\b((?:[^>"']|"[^"]*"|'[^']*')*)>([\s\S]*?)<\/pl-answer>/g;

function chosen(
  attributes: ReadonlyMap<string, string>,
  html: string,
  several: boolean,
): Pick<Question, "key" | "why" | "choices"> {
  const isOn = (name: string) => attributes.has(name) && !/^false$/i.test(attributes.get(name) ?? "");
  if (DRAWS.some(isOn)) return { key: null, why: "its options are drawn at random for each learner" };
  const answers = [...html.matchAll(ANSWER)].map(([, own = "", text = ""]) => ({ own: attributesOf(own), text }));
  const isInParts =
    isOn("partial-credit") || isOn("partial-credit-method") || answers.some(({ own }) => own.has("score"));
  if (isInParts) return { key: null, why: GRADED_IN_PARTS };
  const order = attributes.get("order") ?? (isOn("fixed-order") ? "fixed" : "random");
  const options = answers.map(({ own, text }) => ({
    html: text,
    isRight: /^true$/i.test(own.get("correct") ?? ""),
  }));
  return choices({ options, several, shuffle: order === "random" });
}

function plainNumber(attributes: ReadonlyMap<string, string>, tolerance: number): Pick<Question, "key" | "why"> {
  const answer = attributes.get("correct-answer")?.trim() ?? "";
  const value = answer === "" || attributes.has("base") ? Number.NaN : Number(answer);
  return numberKey(value, tolerance);
}

function numberInput(attributes: ReadonlyMap<string, string>): Pick<Question, "key" | "why"> {
  if ((attributes.get("comparison") ?? "relabs") !== "relabs") return OTHER;
  if (/^true$/i.test(attributes.get("allow-complex") ?? "")) return OTHER;
  const number = (name: string, otherwise: number) => Number(attributes.get(name) ?? otherwise);
  const value = Math.abs(Number(attributes.get("correct-answer")));
  return plainNumber(attributes, number("atol", ABSOLUTE) + number("rtol", RELATIVE) * value);
}

function stringInput(attributes: ReadonlyMap<string, string>): Pick<Question, "key" | "why"> {
  if (/^true$/i.test(attributes.get("remove-spaces") ?? "")) return OTHER;
  const answer = attributes.get("correct-answer");
  return textsKey(answer === undefined ? [] : [answer], !/^true$/i.test(attributes.get("ignore-case") ?? ""));
}
