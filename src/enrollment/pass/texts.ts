import { loadContent, type Permit } from "../../courses/index.ts";
import type { Database } from "../../platform/database/counted.ts";
import type { LocalizedText } from "../../platform/text.ts";

/** Characters of all texts an isolate keeps; two bytes each at most. */
const MAX_CHARACTERS = 4_000_000;
/** What an entry takes beside its text, in characters. */
const ENTRY = 500;

interface Kept {
  text: LocalizedText | null;
  size: number;
}

/** Versions never change, so neither do their texts. */
const texts = new Map<string, Kept>();
let characters = 0;

/** What one item holds, from memory or by one D1 query; whoever holds a permit may have it. */
export async function textOf(db: () => Database, permit: Permit): Promise<LocalizedText | null> {
  const key = `${permit.item}@${permit.version}`;
  const known = texts.get(key);
  if (known !== undefined) {
    texts.delete(key);
    texts.set(key, known);
    return known.text;
  }
  const text = await loadContent(db(), permit);
  const size = ENTRY + (text === null ? 0 : JSON.stringify(text).length);
  if (size > MAX_CHARACTERS / 8) return text;
  texts.set(key, { text, size });
  characters += size;
  for (const [oldest, old] of texts) {
    if (characters <= MAX_CHARACTERS) break;
    texts.delete(oldest);
    characters -= old.size;
  }
  return text;
}
