/** One record of a file, with the line on which it begins, from 1. */
export interface CsvRecord {
  line: number;
  fields: string[];
}

/**
 * Reads comma-separated text as RFC 4180 has it: quoted fields may hold commas, doubled quotes and line breaks. A byte order
 * mark is no part of it; lines with nothing on them are none. Pure.
 *
 * @returns the records, or the line with a quote that opens or closes nothing.
 */
export function readRecords(text: string): { records: CsvRecord[]; brokenAt: number | null } {
  const source = text.replace(/^\uFEFF/, "");
  const records: CsvRecord[] = [];
  let at = 0;
  let line = 1;
  while (at < source.length) {
    const record: CsvRecord = { line, fields: [] };
    for (;;) {
      let field = "";
      if (source[at] === '"') {
        for (at += 1; ; ) {
          const quote = source.indexOf('"', at);
          if (quote === -1) return { records, brokenAt: record.line };
          field += source.slice(at, quote);
          at = quote + 1;
          if (source[at] !== '"') break;
          field += '"';
          at += 1;
        }
        const next = source[at];
        if (next !== undefined && next !== "," && next !== "\n" && next !== "\r") return { records, brokenAt: line };
      } else {
        const end = /[,\r\n]/g;
        end.lastIndex = at;
        const stop = end.exec(source)?.index ?? source.length;
        field = source.slice(at, stop);
        if (field.includes('"')) return { records, brokenAt: line };
        at = stop;
      }
      line += field.split("\n").length - 1;
      record.fields.push(field.trim());
      if (source[at] !== ",") break;
      at += 1;
    }
    if (source[at] === "\r") at += 1;
    if (source[at] === "\n") at += 1;
    line += 1;
    if (record.fields.some((field) => field !== "")) records.push(record);
  }
  return { records, brokenAt: null };
}
