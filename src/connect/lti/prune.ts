import { directory } from "../../platform/database/shards.ts";
import { tendKeys } from "./keys.ts";
import { dropUsed } from "./statements/launches.ts";

/** Rows one statement removes. */
const PAGE = 5_000;

/** Nightly: the keys are tended, and what was used is forgotten. @returns whether there may be more. */
export async function pruneLti(env: Env, now: number): Promise<boolean> {
  await tendKeys(env, now);
  const { meta } = await dropUsed(directory(env), now, PAGE).run();
  return meta.changes === PAGE;
}
