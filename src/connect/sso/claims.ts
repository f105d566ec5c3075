import { ok, type Result, refuse } from "../../platform/results.ts";
import { plainName } from "../../platform/text.ts";
import { GIVEN_ROLES, type GivenRole, type ProviderSettings } from "./shapes.ts";

// What the claims of a provider say about somebody. Pure: no I/O, no clock.

/** Values of one claim that are looked at. */
const MAX_VALUES = 500;
const MAX_SUBJECT = 255;
const MAX_NAME = 100;

/** Somebody as a provider describes them. */
export interface Comer {
  subject: string;
  /** As it was said; whether it is an address is judged where it is stored. */
  email: string | null;
  isVerified: boolean;
  name: string;
  /** Null: the provider gives no roles, or did not tell them this time. */
  role: GivenRole | null;
  /** Null: the provider gives no places in courses, or did not tell the groups this time. */
  groups: string[] | null;
  /** Claims that have more values than the provider tells in a token: what they give stays as it is. */
  untold: string[];
}

/** One refusal of a sign-in: which claim or step, which rule, and a sentence that names nobody. */
export function turnedAway(path: string, rule: string, message: string): { ok: false } & Result<never> {
  return refuse("sign_on_refused", { detail: message, errors: [{ path, rule, message }] });
}

/** Whether a role is above another one. */
export function isAbove(role: string, top: GivenRole): boolean {
  // Who is none of these (a service) is above all of them.
  const order: readonly string[] = GIVEN_ROLES;
  const rank = order.indexOf(role);
  return rank === -1 || rank > order.indexOf(top);
}

/**
 * Reads the claims by the table of a provider (OpenID Connect Core 1.0, section 5.1, unless the table says otherwise).
 * @returns `sign_on_refused` where nothing says who it is.
 */
export function readComer(
  said: Readonly<Record<string, unknown>>,
  { claims, roles }: Pick<ProviderSettings, "claims" | "roles">,
  top: GivenRole,
): Result<Comer> {
  const subject = textOf(said[claims.id]);
  if (subject === null || subject.length > MAX_SUBJECT) {
    return turnedAway(`claims.${claims.id}`, "id_missing", "The provider does not say who this is.");
  }
  const isUntold = (claim: string | null): claim is string => claim !== null && hasOverage(said, claim);
  const email = textOf(said[claims.email])?.toLowerCase() ?? null;
  const name = plainName(textOf(said[claims.name]) ?? email?.split("@")[0] ?? "", MAX_NAME);
  return ok({
    subject,
    email,
    isVerified: isTrue(said[claims.email_verified]),
    name: name === "" ? "?" : name,
    role: claims.role === null || isUntold(claims.role) ? null : highest(listOf(said[claims.role]), roles, top),
    groups: claims.groups === null || isUntold(claims.groups) ? null : listOf(said[claims.groups]),
    untold: [...new Set([claims.role, claims.groups].filter(isUntold))],
  });
}

/**
 * Whether a claim has more values than are told: the provider says where they are instead (OpenID Connect Core 1.0, section
 * 5.6.2), or that there are some (`hasgroups`), or tells more than are looked at here. Whoever is in no group has neither.
 */
function hasOverage(said: Readonly<Record<string, unknown>>, claim: string): boolean {
  if (claim in said) return listOf(said[claim]).length > MAX_VALUES;
  const elsewhere = said._claim_names;
  const isElsewhere = typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, claim);
  return isElsewhere || (claim === "groups" && isTrue(said.hasgroups));
}

function highest(values: readonly string[], roles: ProviderSettings["roles"], top: GivenRole): GivenRole {
  const named = roles.filter(({ value }) => values.includes(value)).map(({ role }) => role);
  const allowed = named.filter((role) => !isAbove(role, top));
  return GIVEN_ROLES.findLast((role) => allowed.includes(role)) ?? "learner";
}

function textOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const plain = value.replaceAll(/\p{Cc}/gu, " ").trim();
  return plain === "" ? null : plain;
}

/** Providers write one value, or several. */
function listOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === "string");
}

/** Some providers write booleans as texts or numbers. */
function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === "true" || value === "1";
}
