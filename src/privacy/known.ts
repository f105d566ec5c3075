import { z } from "@hono/zod-openapi";
import { NOBODY, type PeoplePage, type PersonalDataSource } from "./source.ts";
import { SOURCES } from "./sources.ts";

/**
 * Whether anything is held about a user, in any place: users of another identity provider have no account here, and
 * records may wait in a journal before any database has them. The places are asked one after the other, those that know
 * most people first, until one knows the user.
 * @throws when a place does not answer and no other knows the user.
 */
export async function isKnown(
  env: Env,
  user: string,
  sources: readonly PersonalDataSource[] = SOURCES,
): Promise<boolean> {
  const faults: unknown[] = [];
  for (const source of sources.toReversed()) {
    try {
      if (await source.holds(env, user)) return true;
    } catch (fault) {
      faults.push(fault);
    }
  }
  if (faults.length > 0) throw faults[0];
  return false;
}

const positionSchema = z.object({ source: z.string(), from: z.string().nullable() });

/**
 * A page of everybody about whom a place holds something, place after place, for the places that can be listed.
 * @param at where it starts, from the page before; null: the beginning.
 */
export async function peoplePage(env: Env, at: string | null, sources = SOURCES): Promise<PeoplePage> {
  const position = at === null ? null : positionSchema.parse(JSON.parse(at));
  // A place that only another release knows: begins again, which lists some people twice.
  const index = Math.max(
    sources.findIndex(({ name }) => name === position?.source),
    0,
  );
  const source = sources[index];
  if (source === undefined) return NOBODY;
  const { ids, next } = await source.people(env, position?.from ?? null);
  if (next !== null) return { ids, next: JSON.stringify({ source: source.name, from: next }) };
  const following = sources[index + 1];
  return { ids, next: following === undefined ? null : JSON.stringify({ source: following.name, from: null }) };
}
