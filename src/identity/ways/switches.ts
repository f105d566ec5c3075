import { publicOrigin, sendsMail } from "../../mail/index.ts";
import { refuse } from "../../platform/results.ts";
import type { Role } from "../../platform/roles.ts";

/** Ways to show who one is that an operator switches on and off. */
export const WAYS = ["recovery", "sign_in_links", "passkeys", "second_factor"] as const;
export type Way = (typeof WAYS)[number];

const VARIABLES = {
  recovery: "RECOVERY",
  sign_in_links: "SIGN_IN_LINKS",
  passkeys: "PASSKEYS",
  second_factor: "SECOND_FACTOR",
} as const satisfies Record<Way, string>;

/** A variable as the operator set it; the generated types know only what the file says today. */
function variable(env: Env, name: string): string {
  const value: unknown = Reflect.get(env, name);
  return typeof value === "string" ? value : "";
}

/** Whether a way is there: switched on, and with all that it needs. @param url of the request. */
export function offers(env: Env, way: Way, url: string): boolean {
  if (variable(env, VARIABLES[way]) !== "on") return false;
  if (way === "recovery" || way === "sign_in_links") return sendsMail(env);
  return way !== "passkeys" || publicOrigin(env, url) !== null;
}

/** Whether codes of an app are asked for, whatever else is there. */
export function asksForCodes(env: Env): boolean {
  return variable(env, VARIABLES.second_factor) === "on";
}

/** Whether whoever has this role must have a second factor. */
export function mustHaveSecondFactor(env: Env, role: Role): boolean {
  return asksForCodes(env) && variable(env, "SECOND_FACTOR_REQUIRED").split(/\s+/).includes(role);
}

/** For how long a browser is trusted, days; 0: none is. */
export function trustedDays(env: Env): number {
  const days = Number(variable(env, "TRUSTED_DEVICE_DAYS"));
  return Number.isFinite(days) && days > 0 ? Math.min(days, 365) : 0;
}

export const SWITCHED_OFF = refuse("not_enabled", { detail: "This way to sign in is switched off here." });
