import { z } from "@hono/zod-openapi";
import { fnv1a } from "../platform/hash.ts";
import { inLanguage, type Language, localizedTextSchema } from "../platform/text.ts";
import { type AnswerKey, type Asked, MAX_ANSWER_FILES, MAX_UNIT } from "../unlock/index.ts";
import { criterionIdSchema } from "./rubric.ts";

/** What a person can look over in one question. */
const MAX_OPTIONS = 20;
const MAX_OPTION = 1_000;
const MAX_UNITS = 10;
/** Largest file of a submission, bytes, and what is meant where an author says nothing. */
const MAX_FILE = 100_000_000;
const USUAL_FILE = 20_000_000;

export const optionIdSchema = criterionIdSchema;
const unit = z.string().trim().min(1).max(MAX_UNIT);

const options = z
  .array(z.strictObject({ id: optionIdSchema, text: localizedTextSchema(MAX_OPTION) }))
  .min(2)
  .max(MAX_OPTIONS)
  .superRefine((list, context) => {
    const ids = new Set<string>();
    list.forEach(({ id }, index) => {
      const message = `"${id}" is named twice.`;
      if (ids.has(id)) {
        context.addIssue({ code: "custom", path: [index, "id"], message, params: { rule: "duplicate_id" } });
      }
      ids.add(id);
    });
  })
  .openapi({ description: "What can be chosen. The texts are Markdown; an answer names the ids." });
const shuffle = z.boolean().default(false).openapi({ description: "Each learner sees an order of their own." });
const ending = z.string().regex(/^[a-z0-9]{1,10}$/, "lower-case letters and digits, without the point");

/** What a problem asks for, as its learner sees it. The key says what is right, and is never shown. */
export const questionSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("choice"), options, shuffle }),
    z.strictObject({ kind: z.literal("choices"), options, shuffle }),
    z.strictObject({ kind: z.literal("ordering"), options }),
    z.strictObject({ kind: z.literal("text") }),
    z.strictObject({
      kind: z.literal("number"),
      units: z.array(unit).max(MAX_UNITS).default([]).openapi({
        description: "One: it stands beside the field. Several: the learner chooses. None: the learner may type one.",
      }),
    }),
    z.strictObject({
      kind: z.literal("file"),
      max_files: z.int().min(1).max(MAX_ANSWER_FILES).default(1),
      max_bytes: z.int().min(1).max(MAX_FILE).default(USUAL_FILE).openapi({ description: "Of each file." }),
      endings: z.array(ending).min(1).max(20).optional().openapi({
        description: "How names of files may end, such as `pdf`. Absent: any name.",
      }),
    }),
  ])
  .openapi("Question");
export type Question = z.infer<typeof questionSchema>;

/** Under which name a question lies beside the texts of its version: no item is called so. */
export const questionOf = (item: string): string => `${item}#question`;

/** What every object of a learner holds of a question: its form, without the texts. */
export function askedOf(question: Question): Asked {
  switch (question.kind) {
    case "choice":
    case "choices":
    case "ordering":
      return { kind: question.kind, options: question.options.map(({ id }) => id) };
    case "file": {
      const { kind, max_files, max_bytes, endings } = question;
      return { kind, max_files, max_bytes, ...(endings === undefined ? {} : { endings }) };
    }
    default:
      return { kind: question.kind };
  }
}

/** Which keys judge answers to which question. Without a question, any text is an answer. */
const KEYS: Record<Question["kind"] | "any", readonly AnswerKey["kind"][]> = {
  any: ["exact", "numeric", "regex"],
  text: ["exact", "numeric", "regex"],
  number: ["numeric"],
  choice: ["choice"],
  choices: ["choices"],
  ordering: ["ordering"],
  file: [],
};

type Broken = (path: (string | number)[], rule: string, message: string) => void;

/** What of a key does not suit its question, so that no answer could be right. */
export function checkKey(question: Question | undefined, key: AnswerKey, fault: Broken): void {
  const taken = KEYS[question?.kind ?? "any"];
  if (!taken.includes(key.kind)) {
    const named = taken.length === 0 ? "none: people judge files" : taken.join(", ");
    const what = question === undefined ? "a problem without a question" : `a question of the kind ${question.kind}`;
    fault(["kind"], "other_question", `The answer key of ${what} is one of these kinds: ${named}.`);
    return;
  }
  const known = question !== undefined && "options" in question ? question.options.map(({ id }) => id) : [];
  const unknown = (id: string, path: (string | number)[]) => {
    if (!known.includes(id)) fault(path, "no_such_option", `The question has no option "${id}".`);
  };
  if (key.kind === "choice") unknown(key.option, ["option"]);
  if (key.kind !== "choices" && key.kind !== "ordering") return;
  key.options.forEach((id, index) => {
    unknown(id, ["options", index]);
    if (key.options.indexOf(id) < index) fault(["options", index], "named_twice", `"${id}" is named twice.`);
  });
  if (key.kind === "ordering" && key.options.length !== known.length) {
    fault(["options"], "all_options", `The right order names all ${known.length} options.`);
  }
}

const optionView = z.object({ id: z.string(), text: z.string().openapi({ description: "Markdown." }) });

/** A question as learners and graders see it. */
export const questionView = z
  .object({
    kind: z.enum(["choice", "choices", "ordering", "text", "number", "file"]),
    options: z.array(optionView).openapi({ description: "An answer names ids: `a`, or several as `a, c`." }),
    units: z.array(z.string()),
    max_files: z.int(),
    max_bytes: z.int(),
    endings: z.array(z.string()).nullable(),
  })
  .openapi("AskedQuestion", { description: "What a problem asks for; null where any text is an answer." });

/**
 * A question in one language.
 * @param salt names the learner and the problem: each pair has an order of its own. Null: the order that the author wrote.
 *   It may be the right one of an ordering, so a learner never sees that.
 */
export function viewQuestion(
  question: Question,
  language: Language,
  salt: string | null,
): z.infer<typeof questionView> {
  const written = "options" in question ? question.options : [];
  const isMixed = question.kind === "ordering" || ("shuffle" in question && question.shuffle);
  const options = isMixed && salt !== null ? mixed(written, salt) : written;
  const file = question.kind === "file" ? question : null;
  return {
    kind: question.kind,
    options: options.map(({ id, text }) => ({ id, text: inLanguage(text, language) })),
    units: question.kind === "number" ? question.units : [],
    max_files: file?.max_files ?? 0,
    max_bytes: file?.max_bytes ?? 0,
    endings: file?.endings ?? null,
  };
}

/** The same order at each look, another for each learner, and never the one it was written in. */
function mixed<T extends { id: string }>(list: readonly T[], salt: string): T[] {
  const sorted = list
    .map((each) => ({ each, place: fnv1a(`${each.id} ${salt}`) }))
    .sort((a, b) => a.place - b.place || (a.each.id < b.each.id ? -1 : 1))
    .map(({ each }) => each);
  const isAsWritten = sorted.every((each, index) => each === list[index]);
  return isAsWritten ? [...sorted.slice(1), ...sorted.slice(0, 1)] : sorted;
}
