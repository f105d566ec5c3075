import type { Language } from "../platform/text.ts";
import type { MailDetails, MailKind } from "./shapes.ts";
import { greeting, textOf } from "./texts.ts";

/** A mail in the form that the platform accepts. */
export interface WrittenMail {
  subject: string;
  text: string;
  html: string;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** A text as HTML that shows exactly this text. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => ESCAPES[found] ?? "");
}

/** Writes a mail as text and as HTML. @param url of its link; null if it has none. */
export function writeMail(kind: MailKind, language: Language, details: MailDetails, url: string | null): WrittenMail {
  const { subject, before, action, after } = textOf(kind, language, details);
  const hello = greeting(language, details.name);
  const link = action === null || url === null ? null : { action, url };
  const plain = [hello, ...before, ...(link === null ? [] : [`${link.action}:\n${link.url}`]), ...after];
  const paragraph = (text: string) => `<p>${escaped(text)}</p>`;
  const html = [
    ...[hello, ...before].map(paragraph),
    ...(link === null ? [] : [`<p><a href="${escaped(link.url)}">${escaped(link.action)}</a></p>`]),
    ...after.map(paragraph),
  ];
  return {
    // A name or a title has no line break; but everything in a header is checked again.
    subject: subject.replace(/[\r\n]+/g, " "),
    text: `${plain.join("\n\n")}\n`,
    html: `<!doctype html><html lang="${language}"><meta charset="utf-8"><body>${html.join("")}</body></html>`,
  };
}
