import { z } from "@hono/zod-openapi";
import type { FieldError } from "../../platform/results.ts";
import type { LocalizedText } from "../../platform/text.ts";
import type { AnswerKey } from "../../unlock/index.ts";
import { cutText, MAX_TEXT } from "./cut.ts";
import type { ImportedProblem, ImportedRule, Requirement } from "./document.ts";
import { convertHtml } from "./markdown.ts";
import { choiceOf, type Question, SEVERAL } from "./questions.ts";
import type { Resolve } from "./resolve.ts";

const VERDICTS = ["exact", "approximated", "unmapped"] as const;
export type Verdict = (typeof VERDICTS)[number];

const JUDGED = ["here", "elsewhere"] as const;

const mapping = z.strictObject({
  source: z.string().openapi({ description: "The file, and the place in it." }),
  rule: z.unknown().openapi({ description: "The rule as written in the source." }),
  mapped: z.unknown().openapi({ description: "The rule as written in the course document; null if there is none." }),
  verdict: z.enum(VERDICTS),
  why: z.string().nullable().openapi({ description: "How the imported rule differs, or why it was not imported." }),
});
const count = z.int().min(0);

/** The result of an import: every gate and completion setting of the source, each with a verdict. */
export const importReportSchema = z
  .strictObject({
    format: z.string(),
    release: z.string(),
    items: z.array(z.strictObject({ source: z.string(), id: z.string(), kind: z.string(), title: z.string() })),
    gates: z.array(mapping),
    completion: z.array(mapping),
    content: z.strictObject({
      elements: z
        .record(z.string(), count)
        .openapi({ description: "Number of things in the source, by its own kinds." }),
      texts: count.openapi({ description: "Items whose text was imported." }),
      attached: count.openapi({ description: "Uses of files in texts whose file was imported." }),
      files: count,
      bytes: count,
      questions: z
        .array(z.strictObject({ kind: z.string(), judged: z.enum(JUDGED), count, why: z.string().nullable() }))
        .openapi({ description: "Questions by kind: with an answer key, or without one and why." }),
      cohorts: z
        .array(z.strictObject({ name: z.string(), title: z.string() }))
        .openapi({ description: "Cohorts that rules ask for, with their names in the source." }),
      left_out: z.array(z.strictObject({ what: z.string(), count, why: z.string() })),
      notes: z.array(z.strictObject({ path: z.string(), rule: z.string(), message: z.string() })),
    }),
    counts: z.strictObject({ exact: count, approximated: count, unmapped: count }),
  })
  .openapi("ImportReport");

export type ImportReport = z.infer<typeof importReportSchema>;

/** One setting of the source and its result. */
export interface Mapping<Mapped> {
  source: string;
  rule: unknown;
  mapped: Mapped | null;
  verdict: Verdict;
  why: string | null;
}

/** The worst of several verdicts: a gate is only as exact as its least exact part. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS[Math.max(0, ...verdicts.map((verdict) => VERDICTS.indexOf(verdict)))] ?? "exact";
}

/** Collects a report while a source is read. */
export class ReportBuilder {
  readonly items: ImportReport["items"] = [];
  readonly gates: Mapping<ImportedRule>[] = [];
  readonly completion: Mapping<Requirement>[] = [];
  readonly notes: FieldError[] = [];
  readonly elements = new Map<string, number>();
  texts = 0;
  readonly #cohorts = new Map<string, string>();
  readonly #questions = new Map<string, ImportReport["content"]["questions"][number]>();
  readonly #leftOut = new Map<string, { what: string; count: number; why: string }>();

  element(kind: string): void {
    // A record in JSON cannot have a key with this name.
    const name = kind === "__proto__" ? "(__proto__)" : kind;
    this.elements.set(name, (this.elements.get(name) ?? 0) + 1);
  }

  /** @param title the source's name for the people of this cohort. */
  cohort(name: string, title: string): void {
    this.#cohorts.set(name, title);
  }

  note(path: string, rule: string, message: string): void {
    this.notes.push({ path, rule, message });
  }

  /**
   * Reports the questions of one item.
   * @param resolve the targets of the addresses in its options.
   * @returns its only question with its answer key, or null: then a person or service must judge answers.
   */
  questions(
    questions: readonly Question[],
    resolve: Resolve = () => null,
  ): (Pick<ImportedProblem, "question"> & { answer: AnswerKey }) | null {
    const judged = questions.map((one) => this.#judged(one, resolve, questions.length === 1));
    const [only] = judged;
    const asked = judged.length === 1 && only !== undefined && "answer" in only ? only : null;
    for (const [index, { kind }] of questions.entries()) {
      const one = judged[index];
      const why = asked !== null ? null : one !== undefined && "why" in one ? one.why : SEVERAL;
      const id = JSON.stringify([kind, why]);
      const known = this.#questions.get(id);
      if (known === undefined) {
        this.#questions.set(id, { kind, judged: why === null ? "here" : "elsewhere", count: 1, why });
      } else known.count += 1;
    }
    return asked;
  }

  #judged({ key, why, choices }: Question, resolve: Resolve, isAlone: boolean) {
    if (key !== null) return { answer: key };
    if (choices === undefined || !isAlone) return { why: why ?? SEVERAL };
    const choice = choiceOf(choices, (html) => this.#converted(html, resolve));
    return "why" in choice ? choice : { answer: choice.key, question: choice.question };
  }

  leaveOut(what: string, why: string, howMany = 1): void {
    if (howMany === 0) return;
    const known = this.#leftOut.get(what);
    if (known === undefined) this.#leftOut.set(what, { what, count: howMany, why });
    else known.count += howMany;
  }

  /**
   * The text of an item, from HTML.
   * @param path its place in the source.
   * @param resolve the targets of addresses that are not on the web.
   * @returns null if there is nothing to read.
   */
  text(path: string, html: string, resolve: Resolve = () => null): LocalizedText | null {
    return this.markdown(path, this.#converted(html, resolve));
  }

  #converted(html: string, resolve: Resolve): string | null {
    const { markdown, links, pictures } = convertHtml(html, resolve);
    this.leaveOut("links into the platform", "their text is kept", links);
    this.leaveOut("pictures within texts", "the source does not contain them; their descriptions are kept", pictures);
    return markdown;
  }

  /** The same for a text that is Markdown already. */
  markdown(path: string, markdown: string | null): LocalizedText | null {
    if (markdown === null) return null;
    this.texts += 1;
    if (markdown.length <= MAX_TEXT) return { en: markdown };
    const rule = "text_cut";
    this.note(
      path,
      rule,
      `The text has ${markdown.length} characters and is cut after ${MAX_TEXT}, at the end of a paragraph.`,
    );
    return { en: cutText(markdown) };
  }

  build(format: string, release: string, { files, bytes }: { files: number; bytes: number }): ImportReport {
    const verdicts = [...this.gates, ...this.completion].map((mapped) => mapped.verdict);
    const of = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
    return {
      format,
      release,
      items: this.items,
      gates: this.gates,
      completion: this.completion,
      content: {
        elements: Object.fromEntries(this.elements),
        texts: this.texts,
        attached: 0,
        questions: [...this.#questions.values()],
        files,
        bytes,
        cohorts: [...this.#cohorts].map(([name, title]) => ({ name, title })),
        left_out: [...this.#leftOut.values()],
        notes: this.notes,
      },
      counts: { exact: of("exact"), approximated: of("approximated"), unmapped: of("unmapped") },
    };
  }
}
