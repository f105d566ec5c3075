import { z } from "@hono/zod-openapi";
import { broken } from "../../../platform/http/field-errors.ts";
import { MAX_AGENTS } from "../limits.ts";
import { iri, text } from "./values.ts";

/** An address as RFC 5322 has it in nearly all mail; quoted local parts are not taken. */
const MBOX = /^mailto:[^\s@"(),:;<>[\\\]]+@[^\s@"(),:;<>[\\\]]+$/i;

const identifiers = {
  name: text.optional(),
  mbox: z.string().max(320).regex(MBOX, "mailto: and an address").optional(),
  mbox_sha1sum: z
    .string()
    .regex(/^[0-9a-f]{40}$/i, "40 hex digits")
    .optional(),
  openid: iri.optional(),
  account: z.strictObject({ homePage: iri, name: text }).optional(),
};
const IDENTIFIERS = ["mbox", "mbox_sha1sum", "openid", "account"] as const;

/** How many identifiers an actor has: an agent has one, a group at most one. */
function identifiersOf(actor: Partial<Record<(typeof IDENTIFIERS)[number], unknown>>): number {
  return IDENTIFIERS.filter((name) => actor[name] !== undefined).length;
}

export const agent = z
  .strictObject({ objectType: z.literal("Agent").optional(), ...identifiers })
  .refine(
    (one) => identifiersOf(one) === 1,
    broken("one_identifier", "exactly one of mbox, mbox_sha1sum, openid and account"),
  );

export const group = z
  .strictObject({ objectType: z.literal("Group"), ...identifiers, member: z.array(agent).max(MAX_AGENTS).optional() })
  .refine((one) => identifiersOf(one) <= 1, broken("one_identifier", "at most one of the four identifiers"))
  .refine((one) => identifiersOf(one) === 1 || (one.member?.length ?? 0) > 0, {
    path: ["member"],
    ...broken("required", "a group without an identifier lists its members"),
  });

type Agent = z.output<typeof agent>;
type Group = z.output<typeof group>;
export type Actor = Agent | Group;

/** An agent or a group, by what its objectType says. */
export const actor = z.discriminatedUnion("objectType", [agent, group]);

/**
 * What identifies an actor, as one text that is the same however it was written; null for an anonymous group. Addresses are
 * compared in lower case, because that is how they are registered here.
 */
export function identifierOf(one: Actor): string | null {
  if (one.mbox !== undefined) return `mbox ${one.mbox.toLowerCase()}`;
  if (one.mbox_sha1sum !== undefined) return `mbox_sha1sum ${one.mbox_sha1sum.toLowerCase()}`;
  if (one.openid !== undefined) return `openid ${one.openid}`;
  return one.account === undefined ? null : `account ${JSON.stringify([one.account.homePage, one.account.name])}`;
}

/** The actor itself and, of a group, its members. */
export function withMembers(one: Actor): Actor[] {
  return "member" in one ? [one, ...(one.member ?? [])] : [one];
}

/** An actor with its identifier and nothing else, which is what `format=ids` shows. */
export function idsOnly(one: Actor): Actor {
  const { name: _name, ...rest } = one;
  if (!("member" in rest)) return rest;
  if (identifierOf(one) !== null) {
    const { member: _member, ...identified } = rest;
    return identified;
  }
  return { ...rest, member: rest.member?.map(({ name: _unnamed, ...member }) => member) };
}
