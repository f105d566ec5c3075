import { z } from "zod";
import { directory } from "../../platform/database/shards.ts";
import { PLACES_ELSEWHERE } from "./statements/contexts.ts";

const placeRow = z.object({ user_id: z.string(), place: z.enum(["learner", "teacher"]) });

/**
 * A course here may be used by several courses of a platform, and somebody may be in more than one of them.
 * @returns `<place> <user>` of all that the others say.
 */
export async function placesElsewhere(
  env: Env,
  users: readonly string[],
  deployment: string,
  context: string,
  course: string,
): Promise<Set<string>> {
  if (users.length === 0) return new Set();
  const found = await PLACES_ELSEWHERE.find(directory(env), users, deployment, context, course);
  return new Set(
    z
      .array(placeRow)
      .parse(found)
      .map(({ user_id, place }) => `${place} ${user_id}`),
  );
}
