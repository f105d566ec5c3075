/** Characters that are written at once: some milliseconds of work. */
const PIECE = 500_000;

/** Lets the browser draw and process input before the work continues. */
const nextTask = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const isHighHalf = (unit: number) => unit >= 0xd800 && unit < 0xdc00;

/**
 * A large body of JSON, written piece by piece, so that the page never freezes.
 * @param fields its small members.
 * @param name of the member with a long text. `raw`: the text is JSON already, and the member has its value.
 */
export async function jsonBody(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  text: string,
  { raw = false }: { raw?: boolean } = {},
): Promise<Blob> {
  const members = Object.entries(fields).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`);
  const parts: Blob[] = [];
  for (let start = 0; start < text.length; ) {
    if (start > 0) await nextTask();
    const end = start + PIECE;
    // A pair of code units is one character: half of it cannot be written as UTF-8.
    const piece = text.slice(start, isHighHalf(text.charCodeAt(end - 1)) ? end + 1 : end);
    start += piece.length;
    parts.push(new Blob([raw ? piece : JSON.stringify(piece).slice(1, -1)]));
  }
  const quote = raw ? "" : '"';
  return new Blob([`{${members.join("")}${JSON.stringify(name)}:${quote}`, ...parts, `${quote}}`]);
}
