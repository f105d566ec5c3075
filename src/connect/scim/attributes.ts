import { z } from "zod";
import { plainName } from "../../platform/text.ts";

// What of a directory's people is kept: what this service uses, and what directories compare (RFC 7643, section 4). What
// becomes of everything else they send, known.ts says. Pure.

export const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const MAX_TEXT = 256;
const MAX_EMAILS = 20;
const MAX_NAME = 100;

/** Some directories write booleans as texts ("False"). */
const bool = z.union([
  z.boolean(),
  z
    .string()
    .regex(/^(true|false)$/i)
    .transform((value) => value.toLowerCase() === "true"),
]);
const text = z.string().trim().max(MAX_TEXT);
const said = text.nullish().transform((value) => (value === null || value === "" ? undefined : value));

const nameSchema = z
  .object({ formatted: said, givenName: said, familyName: said, middleName: said })
  .nullish()
  .transform((value) => value ?? undefined);
const emailSchema = z.object({
  value: z.email().max(254),
  type: said,
  primary: bool.nullish().transform((value) => value ?? undefined),
});
const enterpriseParts = {
  employeeNumber: said,
  department: said,
  division: said,
  organization: said,
  costCenter: said,
};
/** What of the enterprise extension is kept. */
export const ENTERPRISE_PARTS: readonly string[] = Object.keys(enterpriseParts);
const enterpriseSchema = z
  .object(enterpriseParts)
  .nullish()
  .transform((value) => value ?? undefined);

export const userDocSchema = z.object({
  userName: text.min(1),
  externalId: said,
  displayName: said,
  name: nameSchema,
  emails: z
    .array(emailSchema)
    .max(MAX_EMAILS)
    .nullish()
    .transform((value) => value ?? undefined),
  title: said,
  userType: said,
  preferredLanguage: said,
  locale: said,
  timezone: said,
  // Undefined: it says nothing of it, and whoever has left stays out.
  active: bool.nullish().transform((value) => value ?? undefined),
  [ENTERPRISE_SCHEMA]: enterpriseSchema,
});
/** What a directory says of somebody. */
export type SaidDoc = z.output<typeof userDocSchema>;
const keptSchema = userDocSchema.extend({ active: z.boolean() });
/** What is kept of it. */
export type UserDoc = z.output<typeof keptSchema>;

/** What is kept of what a directory says. @param isActive whether their account is open where it says nothing of that. */
export function keptOf(said: SaidDoc, isActive: boolean): UserDoc {
  return keptSchema.parse({ ...said, active: said.active ?? isActive });
}

/** What {@link keptOf} has made, as it was stored. */
export function readKept(text: string): UserDoc {
  return keptSchema.parse(JSON.parse(text));
}

/** Attributes as the standard spells them. Their names have no case (RFC 7643, section 2.1). */
const NAMES = [
  ...["schemas", "id", "externalId", "meta", "userName", "displayName", "name", "formatted", "givenName", "familyName"],
  ...[
    "middleName",
    "emails",
    "value",
    "type",
    "primary",
    "display",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
  ],
  ...[
    "timezone",
    "active",
    "members",
    "groups",
    "employeeNumber",
    "department",
    "division",
    "organization",
    "costCenter",
  ],
];
const SPELLED = new Map(NAMES.map((name) => [name.toLowerCase(), name]));
const MAX_DEPTH = 6;
/** No attribute has such a name, and nothing here puts objects together by one. */
const FORBIDDEN = /(?:^|[^A-Za-z])(?:__proto__|constructor|prototype)(?:$|[^A-Za-z])/;

function isForbidden(name: string): boolean {
  return FORBIDDEN.test(name);
}

/** An attribute's name as the standard spells it; of others, as it is. */
export function spelled(name: string): string {
  const [prefix] = [USER_SCHEMA, GROUP_SCHEMA].filter((urn) => name.toLowerCase().startsWith(`${urn.toLowerCase()}:`));
  const plain = prefix === undefined ? name : name.slice(prefix.length + 1);
  if (/^urn:/i.test(plain)) {
    const isEnterprise = plain.toLowerCase().startsWith(ENTERPRISE_SCHEMA.toLowerCase());
    return isEnterprise ? ENTERPRISE_SCHEMA + spelledRest(plain.slice(ENTERPRISE_SCHEMA.length)) : plain;
  }
  return spelledRest(plain);
}

/** Words outside of quotes. */
function spelledRest(path: string): string {
  return path.replaceAll(/"(?:[^"\\]|\\.)*"|[A-Za-z][A-Za-z0-9_]*/g, (word) =>
    word.startsWith('"') ? word : (SPELLED.get(word.toLowerCase()) ?? word),
  );
}

/** The same value with the names of its attributes as the standard spells them; forbidden names are left out. */
export function spelledValue(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => spelledValue(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !isForbidden(name))
      .map(([name, inner]) => [spelled(name), spelledValue(inner, depth + 1)]),
  );
}

/** The address of somebody: the primary one, else that of work, else the first, else their name if it is one. */
export function addressOf({ emails = [], userName }: UserDoc): string | null {
  const chosen =
    emails.find(({ primary }) => primary === true) ?? emails.find(({ type }) => type === "work") ?? emails[0];
  const address = chosen?.value ?? (z.email().max(254).safeParse(userName).success ? userName : null);
  return address?.toLowerCase() ?? null;
}

/** How somebody is called here. */
export function nameOf({ displayName, name, userName }: UserDoc): string {
  const parts = [name?.givenName, name?.familyName].filter((part) => part !== undefined).join(" ");
  const chosen = [displayName, name?.formatted, parts].find((one) => one !== undefined && one !== "") ?? userName;
  return plainName(chosen, MAX_NAME) || plainName(userName, MAX_NAME) || "?";
}
