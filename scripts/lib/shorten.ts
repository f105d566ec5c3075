/** Fits a terminal line. */
const MAX_TEXT = 100;
/** Enough rows of a list to see its form. */
const MAX_ROWS = 3;

/**
 * Pretty JSON cut to a readable size: long lists and long strings end in a `…` that says how much is missing.
 * Nothing is changed or invented, only left out.
 */
export function shortenJson(value: unknown, maxRows = MAX_ROWS): string {
  return render(value, "", maxRows);
}

function render(value: unknown, indent: string, maxRows: number): string {
  if (typeof value === "string") {
    const characters = [...value];
    if (characters.length <= MAX_TEXT) return JSON.stringify(value);
    return `${JSON.stringify(characters.slice(0, MAX_TEXT).join(""))} … (${characters.length} characters)`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const lines = value.slice(0, maxRows).map((entry) => `${inner}${render(entry, inner, maxRows)}`);
    if (value.length > maxRows) lines.push(`${inner}… (${value.length - maxRows} more)`);
    return block("[", lines, "]", indent);
  }
  const lines = Object.entries(value).map(
    ([name, entry]) => `${inner}${JSON.stringify(name)}: ${render(entry, inner, maxRows)}`,
  );
  return block("{", lines, "}", indent);
}

function block(open: string, lines: readonly string[], close: string, indent: string): string {
  if (lines.length === 0) return `${open}${close}`;
  const short = `${open} ${lines.map((line) => line.trim()).join(", ")} ${close}`;
  const isFlat = !lines.some((line) => line.includes("\n"));
  if (isFlat && indent.length + short.length <= MAX_TEXT) return short;
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}
