import type { FieldError } from "../../api/problem.ts";
import { type JsonPlaces, lineAndColumn, placeOf } from "./json-positions.ts";

/** A finding about the document, with its place in the text. */
export interface PlacedFinding {
  message: string;
  rule: string;
  path: string;
  /** Null: about the document as a whole. */
  at: { start: number; end: number; line: number; column: number } | null;
}

/** Puts the server's findings at their places in the text that was sent. */
export function placeFindings(text: string, located: JsonPlaces, findings: readonly FieldError[]): PlacedFinding[] {
  return findings.map(({ message, path, rule }) => {
    const span = located.ok ? placeOf(located.places, path) : null;
    return { message, path, rule, at: span === null ? null : { ...span, ...lineAndColumn(text, span.start) } };
  });
}

/** What is wrong with a text that is no JSON. */
export function syntaxFinding(text: string, located: JsonPlaces & { ok: false }, message: string): PlacedFinding {
  const { at } = located;
  return { message, rule: "syntax", path: "", at: { start: at, end: at + 1, ...lineAndColumn(text, at) } };
}
