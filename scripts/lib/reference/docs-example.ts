import { type ApiModel, type Operation, refName, resolveSchema, type Schema } from "./docs-model.ts";

/** Values of string formats. All are made up; the addresses belong to nobody (RFC 2606, RFC 5737). */
const BY_FORMAT: Record<string, string> = {
  "date-time": "2026-01-31T09:30:00Z",
  date: "2026-01-31",
  time: "09:30:00Z",
  email: "ada@example.org",
  uri: "https://example.org/",
  url: "https://example.org/",
  uuid: "0190d2f0-c0de-4a00-b1e5-00000000cafe",
  ipv4: "192.0.2.1",
};

/**
 * A value that fits a schema as far as its form goes: given examples first, then made from the type. A schema that
 * contains itself is shown once: the inner one is left out of lists and objects.
 */
export function exampleOf(schema: Schema, schemas: ApiModel["schemas"]): unknown {
  return build(schema, { schemas, inside: [] }) ?? null;
}

interface Place {
  schemas: ApiModel["schemas"];
  /** Names of the component schemas this place is inside of. */
  inside: readonly string[];
}

/** @returns undefined where the schema would contain itself. */
function build(schema: Schema, place: Place): unknown {
  const given = givenExample(schema);
  if (given !== undefined) return given;
  const name = refName(schema);
  if (name !== null) {
    if (place.inside.includes(name)) return undefined;
    return build(resolveSchema(schema, place.schemas), { ...place, inside: [...place.inside, name] });
  }
  if (schema.allOf !== undefined) return mergedExample(schema.allOf, place);
  const options = schema.oneOf ?? schema.anyOf;
  if (options === undefined) return exampleOfType(schema, place);
  const fitting = options.filter((option) => option.type !== "null").map((option) => build(option, place));
  return (
    fitting.find((value) => value !== undefined) ??
    (options.some((option) => option.type === "null") ? null : undefined)
  );
}

function givenExample(schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  return schema.enum?.[0];
}

function mergedExample(parts: readonly Schema[], place: Place): unknown {
  const merged: Record<string, unknown> = {};
  for (const part of parts) {
    const value = build(part, place);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    Object.assign(merged, value);
  }
  return merged;
}

function exampleOfType(schema: Schema, place: Place): unknown {
  const type = [schema.type ?? []].flat().find((name) => name !== "null");
  switch (type) {
    case "string":
      return BY_FORMAT[schema.format ?? ""] ?? "text".padEnd(schema.minLength ?? 0, "t");
    case "integer":
    case "number":
      // An integer without a bound of its own carries the one of a safe integer, which nobody would type.
      return schema.minimum !== undefined && Number.isSafeInteger(schema.minimum - 1) ? schema.minimum : 0;
    case "boolean":
      return false;
    case "array": {
      const entry = schema.items === undefined ? undefined : build(schema.items, place);
      return entry === undefined ? [] : [entry];
    }
    default: {
      if (schema.properties === undefined && type !== "object") return null;
      const members = Object.entries(schema.properties ?? {}).map(([name, property]) => [name, build(property, place)]);
      return Object.fromEntries(members.filter(([, value]) => value !== undefined));
    }
  }
}

/** The schema of a JSON body, whichever JSON media type it has; null where there is none. */
export function jsonBodySchema(content: NonNullable<Operation["requestBody"]>["content"] | undefined): Schema | null {
  const entry = Object.entries(content ?? {}).find(([type]) => /^application\/([a-z0-9.-]+\+)?json\b/i.test(type));
  return entry?.[1].schema ?? null;
}

/** One command that calls the operation, for a POSIX shell. Every value is quoted. */
export function curlOf(operation: Operation, schemas: ApiModel["schemas"], origin: string): string {
  const path = operation.path.replace(/\{([^}]+)\}/g, (_whole, name: string) => {
    const parameter = operation.parameters.find((entry) => entry.in === "path" && entry.name === name);
    const value = parameter === undefined ? name : (parameter.example ?? exampleOf(parameter.schema, schemas));
    // A colon is legal in a path segment (RFC 3986 section 3.3), and ids of enrollments read better with it.
    return encodeURIComponent(typeof value === "object" ? name : String(value)).replaceAll("%3A", ":");
  });
  const words = ["curl -s"];
  if (operation.method !== "get") words.push(`-X ${operation.method.toUpperCase()}`);
  if (operation["x-policy"]?.roles !== "public") words.push('-H "Authorization: Bearer $TOKEN"');
  const body = jsonBodySchema(operation.requestBody?.content);
  if (body !== null) {
    words.push("-H 'Content-Type: application/json'", `-d ${quote(JSON.stringify(exampleOf(body, schemas)))}`);
  }
  return [...words, quote(origin + path)].join(" ");
}

/** Single quotes keep every character of a POSIX shell word as it is, except the single quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
