/**
 * First characters that make a spreadsheet compute a cell instead of showing it, also in their full-width forms and
 * after blanks, which some spreadsheets skip.
 */
const COMPUTES = /^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]/;
const NEEDS_QUOTES = /[",\r\n\t]|^\s|\s$/;

/**
 * One cell of a CSV file (RFC 4180). A cell that a spreadsheet would compute begins with an apostrophe, so that it is
 * shown.
 */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = COMPUTES.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line of a CSV file. */
export function csvLine(values: readonly (string | number | null)[]): string {
  return `${values.map(csvCell).join(",")}\r\n`;
}
