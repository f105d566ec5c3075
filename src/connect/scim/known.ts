import { ok, type Result } from "../../platform/results.ts";
import { SCHEMAS } from "./about.ts";
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, spelled, USER_SCHEMA } from "./attributes.ts";
import { scimFault } from "./filter.ts";

// Which attributes there are: those that the schemas of this service announce, and those that only the standard has (RFC
// 7643, sections 4 and 8.7), which are taken, not kept, and told to the operator. What neither has is refused. Pure.

export type ResourceName = "User" | "Group";

/** An attribute with its parts, by its name in lower case. */
interface Attribute {
  name: string;
  parts: ReadonlyMap<string, string>;
}
type Attributes = ReadonlyMap<string, Attribute>;

const PLURAL = ["value", "display", "type", "primary", "$ref"];
const PLACE = ["formatted", "streetAddress", "locality", "region", "postalCode", "country"];

const STANDARD: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  [USER_SCHEMA]: {
    name: ["honorificPrefix", "honorificSuffix"],
    nickName: [],
    profileUrl: [],
    password: [],
    emails: ["display", "$ref"],
    phoneNumbers: PLURAL,
    ims: PLURAL,
    photos: PLURAL,
    addresses: [...PLURAL, ...PLACE],
    entitlements: PLURAL,
    roles: PLURAL,
    x509Certificates: PLURAL,
  },
  [ENTERPRISE_SCHEMA]: { manager: ["value", "$ref", "displayName"] },
  [GROUP_SCHEMA]: { members: ["display", "$ref"] },
};
/** What a directory repeats of a resource: it is not its to change, and no part of it is looked at. */
const REPEATED = new Set(["id", "schemas", "meta", "groups"]);

const KEPT = new Map(
  SCHEMAS.map(({ id, attributes }) => [id, attributesOf(attributes.map((one) => [one.name, partsIn(one)]))] as const),
);
const IGNORED = new Map(
  Object.entries(STANDARD).map(([id, attributes]) => [id, attributesOf(Object.entries(attributes))] as const),
);

function attributesOf(named: readonly (readonly [name: string, parts: readonly string[]])[]): Attributes {
  return new Map(
    named.map(([name, parts]) => [
      name.toLowerCase(),
      { name, parts: new Map(parts.map((part) => [part.toLowerCase(), part])) },
    ]),
  );
}

function partsIn(attribute: object): string[] {
  return "subAttributes" in attribute && Array.isArray(attribute.subAttributes)
    ? attribute.subAttributes.map((part: { name: string }) => part.name)
    : [];
}

/** What somebody says of an attribute: its path (RFC 7644, section 3.5.2) and a value. */
export type Said = readonly [path: string, value: unknown];

/**
 * Looks at the attributes that a directory sends.
 * @param rule what a name that no schema knows breaks.
 * @returns those that the standard has and this service does not keep, each once.
 */
export function ignoredIn(resource: ResourceName, said: Iterable<Said>, rule: string): Result<string[]> {
  const ignored = new Set<string>();
  for (const [path, value] of said) {
    const unknown = look(resource, path, value, ignored);
    if (unknown === null) continue;
    const shown = unknown.slice(0, MAX_SHOWN);
    return scimFault(rule, `No schema of this service or of the standard has the attribute ${shown}.`, shown);
  }
  return ok([...ignored]);
}

const MAX_SHOWN = 100;

/** Whether a path, which {@link ignoredIn} knows, is of something that is kept. */
export function isKept(resource: ResourceName, path: string): boolean {
  const { schema, inner } = placeOf(resource, path);
  return inner === null || KEPT.get(schema)?.has(nameIn(inner)) === true;
}

const nameIn = (path: string) => (/^[^.[]+/.exec(path)?.[0] ?? "").toLowerCase();

/** The schema of a path, and the path in it; null: the whole of an extension. */
function placeOf(resource: ResourceName, path: string): { schema: string; inner: string | null } {
  const plain = spelled(path);
  if (resource === "Group") return { schema: GROUP_SCHEMA, inner: plain };
  if (plain === ENTERPRISE_SCHEMA) return { schema: ENTERPRISE_SCHEMA, inner: null };
  const prefix = `${ENTERPRISE_SCHEMA}:`;
  return plain.startsWith(prefix)
    ? { schema: ENTERPRISE_SCHEMA, inner: plain.slice(prefix.length) }
    : { schema: USER_SCHEMA, inner: plain };
}

/** @returns the name that no schema knows, or null. */
function look(resource: ResourceName, path: string, value: unknown, ignored: Set<string>): string | null {
  const { schema, inner } = placeOf(resource, path);
  if (inner !== null) return lookInto(schema, inner, value, ignored) === null ? null : path;
  for (const [name, said] of entriesOf(value)) {
    const unknown = lookInto(schema, name, said, ignored);
    if (unknown !== null) return `${schema}:${unknown}`;
  }
  return null;
}

function lookInto(schema: string, path: string, value: unknown, ignored: Set<string>): string | null {
  const [, attribute = "", part] = /^([^.[]+)(?:\[.*\])?(?:\.(.+))?$/s.exec(path) ?? [];
  const name = attribute.toLowerCase();
  if (schema !== ENTERPRISE_SCHEMA && REPEATED.has(name)) return null;
  const [kept, standard] = [KEPT.get(schema)?.get(name), IGNORED.get(schema)?.get(name)];
  if (kept === undefined && standard === undefined) return path;
  const prefix = schema === ENTERPRISE_SCHEMA ? `${schema}:` : "";
  if (kept === undefined) ignored.add(prefix + (standard?.name ?? ""));
  // Members are a list of names, thousands of them: what stands beside each says nothing more.
  if (schema === GROUP_SCHEMA && name === "members") return null;
  for (const inner of part === undefined ? partsOf(value) : [part]) {
    const lower = inner.toLowerCase();
    if (kept?.parts.has(lower) === true) continue;
    const known = standard?.parts.get(lower);
    if (known === undefined) return `${path}.${inner}`;
    if (kept !== undefined) ignored.add(`${prefix}${kept.name}.${known}`);
  }
  return null;
}

/** Names of the parts of a value, or of each of its values. */
function partsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(values.flatMap((one) => entriesOf(one).map(([name]) => name)))];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
