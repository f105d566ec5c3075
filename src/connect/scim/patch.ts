import { type ScimPatchOperation, scimPatch } from "scim-patch";
import { z } from "zod";
import { ok, type Result } from "../../platform/results.ts";
import { ENTERPRISE_SCHEMA, isForbidden, spelled, spelledValue, USER_SCHEMA, type UserDoc } from "./attributes.ts";
import { scimFault } from "./filter.ts";

/** Operations of one request, and characters of a path. */
const MAX_OPERATIONS = 1_000;
const MAX_PATH = 1_000;

const operationSchema = z.object({
  op: z
    .string()
    .transform((op) => op.toLowerCase())
    .pipe(z.enum(["add", "remove", "replace"])),
  path: z.string().max(MAX_PATH).optional(),
  value: z.unknown().optional(),
});
export type Operation = z.output<typeof operationSchema>;

const patchSchema = z.object({ Operations: z.array(operationSchema).min(1).max(MAX_OPERATIONS) });

/** The operations of a PATCH, with the names of attributes as the standard spells them. */
export function readOperations(body: Readonly<Record<string, unknown>>): Result<Operation[]> {
  const named = Object.entries(body).find(([name]) => name.toLowerCase() === "operations");
  const read = patchSchema.safeParse({ Operations: named?.[1] });
  if (!read.success) {
    return scimFault(
      "invalidSyntax",
      "A patch has a list `Operations` of {op, path, value}; op is add, remove or replace.",
    );
  }
  const { Operations } = read.data;
  if (Operations.some(({ path }) => path !== undefined && isForbidden(path))) {
    return scimFault("invalidPath", "The path names no attribute.", "path");
  }
  return ok(
    Operations.map(({ op, path, value }) => ({
      op,
      ...(path === undefined ? {} : { path: spelled(path) }),
      value: spelledValue(value),
    })),
  );
}

/** Attributes with parts: a patch of some parts leaves the others (RFC 7644, section 3.5.2.3). */
const COMPLEX = ["name", ENTERPRISE_SCHEMA];
const objectSchema = z.record(z.string(), z.unknown());

/** The same operation in steps that name one part each: the library drops the parts that a value leaves out. */
function inParts({ op, path, value }: Operation): Operation[] {
  const given = objectSchema.safeParse(value);
  if (op === "remove" || !given.success) return [{ op, ...(path === undefined ? {} : { path }), value }];
  if (path === undefined)
    return Object.entries(given.data).flatMap(([name, inner]) => inParts({ op, path: name, value: inner }));
  if (!COMPLEX.includes(path)) return [{ op, path, value }];
  const mark = path === ENTERPRISE_SCHEMA ? ":" : ".";
  return Object.entries(given.data).map(([name, inner]) => ({ op, path: `${path}${mark}${name}`, value: inner }));
}

/**
 * Applies a patch to a person (RFC 7644, section 3.5.2), whose paths {@link readOperations} has checked.
 * @returns the person as changed, not yet checked; `invalid_input` with the rule that RFC 7644 names.
 */
export function patchUser(doc: UserDoc, operations: readonly Operation[]): Result<unknown> {
  const now = new Date(0);
  const resource = { schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA], meta: { created: now, lastModified: now }, ...doc };
  const acts = operations.flatMap(inParts).map(({ op, path, value }): ScimPatchOperation => {
    if (op === "remove") return { op, path: path ?? "", value };
    return path === undefined ? { op, value } : { op, path, value };
  });
  try {
    const changed = scimPatch(structuredClone(resource), acts, { mutateDocument: true, treatMissingAsAdd: true });
    return ok({ ...changed, emails: tidied(changed.emails, doc.emails ?? []) });
  } catch (fault) {
    const code = z.looseObject({ scimCode: z.string() }).safeParse(fault).data?.scimCode ?? "invalidPath";
    return scimFault(code, "The patch cannot be applied: a path leads to nothing, or its value does not fit.");
  }
}

const addressSchema = z.looseObject({
  value: z.string(),
  type: z.unknown().optional(),
  primary: z.unknown().optional(),
});

/** Each address once, and the one that became primary is the only one (RFC 7644, sections 3.5.2 and 3.5.2.1). */
function tidied(emails: unknown, before: NonNullable<UserDoc["emails"]>): unknown {
  const read = z.array(addressSchema).safeParse(emails);
  if (!read.success) return emails;
  const once = new Map(read.data.map((one) => [`${one.value.toLowerCase()} ${String(one.type)}`, one]));
  const list = [...once.values()];
  const primaries = list.filter(({ primary }) => primary === true || primary === "True" || primary === "true");
  if (primaries.length < 2) return list;
  const were = new Set(before.filter(({ primary }) => primary === true).map(({ value }) => value));
  const chosen = primaries.findLast(({ value }) => !were.has(value)) ?? primaries.at(-1);
  return list.map((one) => ({ ...one, primary: one === chosen }));
}
