import { z } from "@hono/zod-openapi";
import type { FieldError } from "../../platform/results.ts";
import type { LocalizedText } from "../../platform/text.ts";
import type { ImportedRule, Requirement } from "./document.ts";
import { convertHtml } from "./markdown.ts";

const VERDICTS = ["exact", "approximated", "unmapped"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Longest text of an item, in UTF-16 code units. */
const MAX_TEXT = 64_000;

const mapping = z.strictObject({
  source: z.string().openapi({ description: "File, and place in it, that says so." }),
  rule: z.unknown().openapi({ description: "What the source says, in its own terms." }),
  mapped: z.unknown().openapi({ description: "What the course document says; null where it says nothing." }),
  verdict: z.enum(VERDICTS),
  why: z.string().nullable().openapi({ description: "How it was approximated, or why it is not mapped." }),
});
const count = z.int().min(0);

/** What an import made of a source: every gate and completion setting, each with a verdict. */
export const importReportSchema = z
  .strictObject({
    format: z.string(),
    release: z.string(),
    items: z.array(z.strictObject({ source: z.string(), id: z.string(), kind: z.string(), title: z.string() })),
    gates: z.array(mapping),
    completion: z.array(mapping),
    content: z.strictObject({
      elements: z.record(z.string(), count).openapi({ description: "Things the source holds, by its own kinds." }),
      texts: count.openapi({ description: "Items whose text came along." }),
      files: count,
      bytes: count,
      cohorts: z
        .array(z.strictObject({ name: z.string(), title: z.string() }))
        .openapi({ description: "Cohorts that gates ask for, with what the source calls them." }),
      left_out: z.array(z.strictObject({ what: z.string(), count, why: z.string() })),
      notes: z.array(z.strictObject({ path: z.string(), rule: z.string(), message: z.string() })),
    }),
    counts: z.strictObject({ exact: count, approximated: count, unmapped: count }),
  })
  .openapi("ImportReport");

export type ImportReport = z.infer<typeof importReportSchema>;

/** One setting of the source and what became of it. */
export interface Mapping<Mapped> {
  source: string;
  rule: unknown;
  mapped: Mapped | null;
  verdict: Verdict;
  why: string | null;
}

/** The worst of several verdicts: a gate is as exact as its least exact part. */
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
  readonly #leftOut = new Map<string, { what: string; count: number; why: string }>();

  element(kind: string): void {
    // A record of JSON cannot have a key of this name.
    const name = kind === "__proto__" ? "(__proto__)" : kind;
    this.elements.set(name, (this.elements.get(name) ?? 0) + 1);
  }

  /** @param title what the source calls the people of this cohort. */
  cohort(name: string, title: string): void {
    this.#cohorts.set(name, title);
  }

  note(path: string, rule: string, message: string): void {
    this.notes.push({ path, rule, message });
  }

  leaveOut(what: string, why: string, howMany = 1): void {
    if (howMany === 0) return;
    const known = this.#leftOut.get(what);
    if (known === undefined) this.#leftOut.set(what, { what, count: howMany, why });
    else known.count += howMany;
  }

  /** The text of an item, from HTML. @param path where it stands. @returns null where there is nothing to read. */
  text(path: string, html: string): LocalizedText | null {
    const { markdown, links, pictures } = convertHtml(html);
    this.leaveOut("links into the platform", "their text stays", links);
    this.leaveOut("pictures and files within texts", "files are not taken over; what describes them stays", pictures);
    return this.markdown(path, markdown);
  }

  /** The same of a text that is Markdown already. */
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
    const cut = markdown.slice(0, MAX_TEXT);
    return { en: cut.slice(0, Math.max(cut.lastIndexOf("\n\n"), MAX_TEXT / 2)).trimEnd() };
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
