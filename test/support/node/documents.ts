import { readdirSync, readFileSync } from "node:fs";
import { fromRoot } from "../../../scripts/lib/paths.ts";

/** A fenced block of a Markdown document. */
export interface Block {
  /** Path of the document, relative to the checkout. */
  file: string;
  /** Line of the first line inside the fence, from 1. */
  line: number;
  /** First word behind the fence: `sh`, `json`, `ts`, or nothing. */
  language: string;
  /** What follows it, such as `rule` in "json rule". */
  kind: string;
  text: string;
}

/** Every Markdown document that people read, generated ones included. */
export function documents(): string[] {
  const below = readdirSync(fromRoot("docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const above = readdirSync(fromRoot("")).filter((name) => name.endsWith(".md"));
  return [...above, ...below].sort();
}

/** The text of a document. */
export function readDocument(file: string): string {
  return readFileSync(fromRoot(file), "utf8");
}

/** The fenced blocks of a document, in order. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  let indent = 0;
  readDocument(file)
    .split("\n")
    .forEach((line, index) => {
      const fence = /^( *)```(\w*) ?(.*)$/.exec(line);
      if (open === null && fence !== null) {
        indent = fence[1]?.length ?? 0;
        open = { file, line: index + 2, language: fence[2] ?? "", kind: fence[3]?.trim() ?? "", text: "" };
      } else if (open !== null && line.trim() === "```") {
        blocks.push(open);
        open = null;
      } else if (open !== null) {
        open.text += `${line.slice(indent)}\n`;
      }
    });
  return blocks;
}

/** A document without its fenced blocks: what is left is prose, tables and links. */
export function proseOf(file: string): string {
  return readDocument(file).replace(/^ *```[\s\S]*?^ *```$/gm, "");
}

/** Commands of a document that belong together, and the answers it prints for them. */
export interface Step {
  commands: Block;
  answers: Block[];
}

/** The shell blocks of a document, each with the JSON blocks that stand between it and the next one. */
export function stepsOf(file: string): Step[] {
  const steps: Step[] = [];
  for (const block of blocksOf(file)) {
    if (block.language === "sh") steps.push({ commands: block, answers: [] });
    else if (block.language === "json") steps.at(-1)?.answers.push(block);
  }
  return steps;
}
