import type { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { type FieldError, ok, type Result, refuse } from "../../platform/results.ts";
import { usualOrigins } from "./kinds.ts";
import { LEAVING_MS, signOutNow } from "./leave.ts";
import { outside } from "./outside.ts";
import { isTaken, MAX_PLATFORMS } from "./registration.ts";
import { entryOf } from "./routes-common.ts";
import type { platformBody } from "./schemas.ts";
import { dropContextsBeyond, dropMembersBeyond, wakeContextsOf } from "./statements/contexts.ts";
import { anyPersonOf, sendAway } from "./statements/people.ts";
import { everyPlatform, platformById, setPlatform } from "./statements/platforms.ts";
import { dropResultsBeyond } from "./statements/results.ts";
import { wakeScoresOf } from "./statements/scores.ts";
import { type Platform, platformRow } from "./tables.ts";

const wrong = (...errors: FieldError[]) => refuse("invalid_input", { errors });

/**
 * Registers a platform, or changes it. What it may do no more ends with the change: courses that it may not open are read no
 * more, and who came from a platform that is switched off is signed out.
 */
export async function setFor(
  c: AppContext,
  id: string,
  given: z.output<typeof platformBody>,
): Promise<Result<Platform>> {
  const errors = faultsIn(c.env, given);
  if (errors.length > 0) return wrong(...errors);
  const db = directory(c.env);
  const row = await platformById(db, id).first();
  const before = row === null ? null : platformRow.parse(row);
  if (before === null && (await everyPlatform(db, "", MAX_PLATFORMS).all()).results.length >= MAX_PLATFORMS) {
    return refuse("no_effect", { detail: `There are at most ${MAX_PLATFORMS} platforms.` });
  }
  // The ids of people are the issuer's: another one may have given them to others.
  const isOther = before !== null && before.issuer !== given.issuer;
  if (isOther && !given.same_people && (await anyPersonOf(db, id).first()) !== null) {
    const message =
      "People have come from the issuer before. Register another platform, or say that they are the same people (`same_people`).";
    return wrong({ path: "issuer", rule: "other_people", message });
  }
  const { kind, issuer, auth_url, deployments, courses, teachers, enabled } = given;
  const origins = given.origins ?? usualOrigins(kind, issuer, auth_url);
  const settings = JSON.stringify({ deployments, origins, courses, teachers, enabled });
  const now = Date.now();
  const set = setPlatform(
    db,
    id,
    given.name,
    kind,
    issuer,
    given.client_id,
    auth_url,
    given.token_url,
    given.jwks_url,
    settings,
    actorOf(c).id,
    now,
    MAX_PLATFORMS,
  );
  const isBack = enabled && before !== null && !before.settings.enabled;
  try {
    await db.batch([
      set,
      dropContextsBeyond(db, id, settings),
      dropMembersBeyond(db, id, settings),
      dropResultsBeyond(db, id, settings),
      ...(enabled ? [] : [sendAway(db, id, now + LEAVING_MS)]),
      ...(isBack ? [wakeScoresOf(db, id, now), wakeContextsOf(db, id, now)] : []),
      entryOf(c, "lti.platform_set", id),
    ]);
  } catch (fault) {
    if (!isTaken(fault)) throw fault;
    const message = "Another platform here has this issuer and client id.";
    return wrong({ path: "client_id", rule: "taken", message });
  }
  nudgeAudit(c);
  if (!enabled) await signOutNow(c.env, now);
  const after = await platformById(db, id).first();
  return after === null ? refuse("no_effect", { detail: "It was removed meanwhile." }) : ok(platformRow.parse(after));
}

/** Its addresses are fetched, or people are sent there: all are https, and of the public network. */
function faultsIn(env: Env, given: Pick<Platform, "auth_url" | "token_url" | "jwks_url">): FieldError[] {
  return (["auth_url", "token_url", "jwks_url"] as const).flatMap((path) => {
    const fault = outside(env).check(given[path]);
    return fault === null ? [] : [{ path, ...fault }];
  });
}
