import { directory } from "../platform/database/shards.ts";
import { dropOldMessages } from "./statements.ts";

/** A message is listed for this long; after that nobody reads it. */
const KEPT_MS = 60 * 86_400_000;
/** Messages of one page. */
const PAGE = 500;

/** Removes messages that are no longer shown. @returns whether there may be more. */
export async function pruneMessages(env: Env, now: number): Promise<boolean> {
  const { meta } = await dropOldMessages(directory(env), now - KEPT_MS, PAGE).run();
  return meta.changes >= PAGE;
}
