import { type ItemShown, loadShown, type Permit } from "../../courses/index.ts";
import type { Database } from "../../platform/database/counted.ts";

/** Characters of all texts an isolate keeps; two bytes each at most. */
const MAX_CHARACTERS = 4_000_000;
/** The size of an entry besides its text, in characters. */
const ENTRY = 500;

interface Kept {
  shown: ItemShown;
  size: number;
}

/** Versions never change, so neither do their texts. */
const texts = new Map<string, Kept>();
let characters = 0;

/** The content of one item, from memory or by one D1 query. The caller must have a permit. */
export async function shownOf(db: () => Database, permit: Permit): Promise<ItemShown> {
  const key = `${permit.item}@${permit.version}`;
  const known = texts.get(key);
  if (known !== undefined) {
    texts.delete(key);
    texts.set(key, known);
    return known.shown;
  }
  const shown = await loadShown(db(), permit);
  const size = ENTRY + JSON.stringify(shown).length;
  if (size > MAX_CHARACTERS / 8) return shown;
  texts.set(key, { shown, size });
  characters += size;
  for (const [oldest, old] of texts) {
    if (characters <= MAX_CHARACTERS) break;
    texts.delete(oldest);
    characters -= old.size;
  }
  return shown;
}
