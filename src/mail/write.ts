import type { Language } from "../platform/text.ts";
import type { MailDetails, MailKind } from "./shapes.ts";
import { greeting, textOf } from "./texts.ts";

/** A mail as it is handed to the platform. */
export interface WrittenMail {
  subject: string;
  text: string;
  html: string;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML that shows just that. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => ESCAPES[found] ?? "");
}

/** Puts a mail into both forms. @param url of its link; null where it has none. */
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
    // A name or a title may hold no line break, but what goes into a header is looked at again.
    subject: subject.replace(/[\r\n]+/g, " "),
    text: `${plain.join("\n\n")}\n`,
    html: `<!doctype html><html lang="${language}"><meta charset="utf-8"><body>${html.join("")}</body></html>`,
  };
}
