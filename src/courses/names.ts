import { directory } from "../platform/database/shards.ts";
import { NAMES_BY_ID } from "./statements.ts";

/** Names of people by their ids; who comes from another identity provider has none. */
export async function namesOf(env: Env, ids: readonly string[]): Promise<Map<string, string>> {
  const found = await NAMES_BY_ID.find<{ id: string; name: string }>(directory(env), ids);
  return new Map(found.map(({ id, name }) => [id, name]));
}
