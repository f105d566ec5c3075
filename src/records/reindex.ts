import { directory } from "../platform/database/shards.ts";
import { SearchBackend } from "./backends/search.ts";
import { SESSION, TASK } from "./translation/types.ts";

const TYPES = [SESSION, TASK];
/** Records indexed by one step: their texts are in memory. */
const PAGE = 200;

/**
 * Indexes the words of the next records, after a restore that brought only the records. Does nothing in an installation
 * without an index. A repeat, also during writes, does no harm.
 * @param from the result of the step before; empty for the first.
 * @returns where the next step starts; null when everything is indexed.
 */
export async function indexWords(env: Env, from: string): Promise<string | null> {
  const setting: string = env.RECORD_SEARCH; // typed as what wrangler.toml says; an installation may say otherwise
  if (setting === "off") return null;
  const [name = "", after = ""] = from === "" ? [] : from.split(" ");
  const at = Math.max(
    TYPES.findIndex((type) => type.name === name),
    0,
  );
  const type = TYPES[at];
  if (type === undefined) return null;
  const page = await new SearchBackend(directory(env)).indexPage(type, after, PAGE);
  if (page !== null) return `${type.name} ${page.last}`;
  const next = TYPES[at + 1];
  return next === undefined ? null : `${next.name} `;
}
