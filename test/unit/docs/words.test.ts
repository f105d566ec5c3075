import { describe, expect, it } from "vitest";
import { documents, proseOf } from "../../support/node/documents.ts";

/** Written by programs, or kept as they were written; the glossary names the old words itself. */
const KEPT = [
  "docs/developers/events-conformance.md",
  "docs/developers/routes.md",
  "docs/design/faults-2026-11.md",
  "docs/glossary.md",
  "docs/operate/validation/report.md",
];

/** Old words of the glossary, as far as they have no other meaning. */
const OLD =
  /\b(?:brakes?|doubt(?:s|ed)?|drills?|kill switch|owe[sd]?|school day|vaults?|hand(?:s|ed)? (?:in|out)|takes no writes)\b/gi;
const LONGEST_SENTENCE = 40;

/** Prose without names: code, links, pictures, titles of tests. */
function plain(file: string): string {
  return proseOf(file)
    .replace(/(?<=` › ).*$/gm, "")
    .replace(/`[^`]*`/g, "code")
    .replace(/\]\([^)]*\)/g, "]");
}

/** Sentences of paragraphs, list entries and cells of tables. */
function sentencesOf(text: string): string[] {
  return text
    .split(/\n\s*\n|\n(?=\||#|- | *\d+\. )/)
    .flatMap((part) => (part.startsWith("|") ? part.split("|") : [part]))
    .flatMap((part) => part.replace(/\s+/g, " ").split(/(?<=[.!?:;]\**) /));
}

describe.each(documents().filter((file) => !KEPT.includes(file)))("%s", (file) => {
  it("uses the words of the glossary", () => {
    expect(plain(file).match(OLD)).toBeNull();
  });

  it("has no sentence that is too long", () => {
    const long = sentencesOf(plain(file)).filter((sentence) => sentence.split(" ").length > LONGEST_SENTENCE);
    expect(long).toEqual([]);
  });
});
