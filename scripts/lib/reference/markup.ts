/** HTML that is safe to send: made by {@link html} only, so that no text gets into a page unescaped. */
export class Markup {
  readonly #text: string;

  /** Only for text that contains no foreign part: constants of the code. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Part = Markup | string | number | null | readonly Part[];

/** A template whose every value is escaped, unless it is markup itself. `null` leaves nothing. */
export function html(template: TemplateStringsArray, ...values: readonly Part[]): Markup {
  let text = template[0] ?? "";
  values.forEach((value, index) => {
    text += render(value) + (template[index + 1] ?? "");
  });
  return new Markup(text);
}

/** Puts `separator` between the parts. */
export function join(parts: readonly Part[], separator: Part): Part[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
}

function render(value: Part): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.toString();
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return value.map(render).join("");
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Text as it may stand between tags and inside quoted attributes. Control characters that HTML forbids, and the ones
 * that turn the reading direction around (so that text can pretend to be other text), are made visible instead.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    .replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** C0 and C1 controls except tab and line feed; bidirectional overrides and isolates (Unicode UAX #9). */
const UNSAFE = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;
