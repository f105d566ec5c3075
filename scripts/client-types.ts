import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { OPERANDS, ruleSchema } from "../src/unlock/rules.ts";
import { apiDocument } from "./lib/reference/api-document.ts";

// node scripts/client-types.ts
// Writes src/client/api-types.ts from the OpenAPI document.

const ROOT = join(import.meta.dirname, "..");
const TARGET = join(ROOT, "src/client/api-types.ts");
const METHODS = ["get", "post", "put", "patch", "delete"] as const;
const MAX_LINE = 120;

type Json = Record<string, unknown>;

const RULE = "#/components/schemas/Rule";
/** What a cohort is asked by; its schema reads it by what it is, and does not say which forms there are. */
const COHORT_FORMS = [
  { type: "string" },
  object({
    type: "object",
    required: ["any_of"],
    properties: { any_of: { type: "array", items: { type: "string" } } },
  }),
  object({ type: "object", required: ["any"], properties: { any: { const: true } } }),
];

/** Whether two schemas are one; their types alone say that they cannot be. */
const isSame = (a: unknown, b: unknown) => a === b;

/** A rule as the union of its operators, so that one that is misspelt does not compile. Made of the schemas that validate. */
export function ruleTypes(): Json {
  const operators = z.toJSONSchema(z.strictObject(OPERANDS), {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      if (isSame(zodSchema, ruleSchema)) Object.assign(jsonSchema, { $ref: RULE });
      if (isSame(zodSchema, OPERANDS.cohort)) Object.assign(jsonSchema, { anyOf: COHORT_FORMS });
    },
  });
  return {
    description: "When an item is open: one operator in each object.",
    anyOf: Object.entries(object(operators.properties)).map(([name, operand]) => ({
      type: "object",
      required: [name],
      properties: { [name]: operand },
    })),
  };
}

/** The document with rules as {@link ruleTypes} has them. */
export function withRules(document: Json): Json {
  const components = object(document.components);
  const schemas = object(components.schemas);
  return { ...document, components: { ...components, schemas: { ...schemas, Rule: ruleTypes() } } };
}

/** The source of `src/client/api-types.ts` for a document. */
export function renderTypes(document: Json): string {
  const schemas = Object.entries(object(object(document.components).schemas));
  const types = schemas.map(([name, schema]) => `${doc(schema, "")}export type ${name} = ${typeOf(schema, "")};\n`);
  const operations = Object.entries(object(document.paths)).flatMap(([path, item]) =>
    METHODS.filter((method) => method in object(item))
      .map((method) => ({
        path,
        method,
        operation: object(object(item)[method]),
        shared: list(object(item).parameters),
      }))
      .filter(({ operation }) => answersJson(operation)),
  );
  const paths = Map.groupBy(operations, ({ path }) => path);
  const body = [...paths].map(([path, found]) => {
    const methods = found.map((one) => operationType(one.method, one.operation, one.shared));
    return `  ${JSON.stringify(path)}: {\n${methods.join("")}  };\n`;
  });
  const keyed = operations
    .filter(({ operation, shared }) => parameters(operation, shared, "header").some(isIdempotencyKey))
    .map(({ method, path }) => `  ${JSON.stringify(`${method.toUpperCase()} ${path}`)},\n`);
  return formatted(
    [
      "// Written by `node scripts/client-types.ts` from the OpenAPI document; a test fails when the two differ.\n",
      ...types,
      `/** Every operation by path and method. */\nexport interface Paths {\n${body.join("")}}\n`,
      `/** Writes that an Idempotency-Key makes repeatable. */\nexport const KEYED_WRITES: ReadonlySet<string> = new Set([\n${keyed.join("")}]);\n`,
    ].join("\n"),
  );
}

/** The source as the project formats it: a generated file passes the same lint as any other. */
function formatted(source: string): string {
  const biome = join(ROOT, "node_modules/.bin/biome");
  const options = { cwd: ROOT, input: source, encoding: "utf8", maxBuffer: 10_000_000 } as const;
  return execFileSync(biome, ["format", "--stdin-file-path=src/client/api-types.ts"], options);
}

function operationType(method: string, operation: Json, shared: unknown[]): string {
  const lines = [`${doc({ description: operation.summary }, "    ")}    ${method}: {\n`];
  for (const place of ["path", "query"]) {
    const found = parameters(operation, shared, place);
    if (found.length > 0) lines.push(`      ${place}: ${fieldsOf(found.map(parameterField), "      ")};\n`);
  }
  const request = object(operation.requestBody);
  const schema = object(object(request.content)["application/json"]).schema;
  if (schema !== undefined) {
    lines.push(`      body${request.required === true ? "" : "?"}: ${typeOf(schema, "      ")};\n`);
  }
  lines.push(`      answer: ${answerType(operation)};\n    };\n`);
  return lines.join("");
}

function answerType(operation: Json): string {
  const answers = Object.entries(object(operation.responses))
    .filter(([status]) => /^2\d\d$/.test(status))
    .map(([, response]) => object(object(object(response).content)["application/json"]).schema)
    .map((schema) => (schema === undefined ? "null" : typeOf(schema, "      ")));
  return [...new Set(answers)].join(" | ") || "null";
}

/** Whether a call can take the answer in: a stream of events is no answer that ends. */
function answersJson(operation: Json): boolean {
  const contents = Object.entries(object(operation.responses))
    .filter(([status]) => /^2\d\d$/.test(status))
    .map(([, response]) => Object.keys(object(object(response).content)));
  return contents.length === 0 || contents.some((types) => types.length === 0 || types.includes("application/json"));
}

function parameters(operation: Json, shared: unknown[], place: string): Json[] {
  return [...shared, ...list(operation.parameters)].map(object).filter((one) => one.in === place);
}

function isIdempotencyKey(parameter: Json): boolean {
  return String(parameter.name).toLowerCase() === "idempotency-key";
}

interface Field {
  name: string;
  isRequired: boolean;
  schema: unknown;
}

function parameterField(parameter: Json): Field {
  return { name: String(parameter.name), isRequired: parameter.required === true, schema: parameter.schema };
}

/** The TypeScript type of a JSON schema. */
function typeOf(value: unknown, indent: string): string {
  const schema = object(value);
  if (typeof schema.$ref === "string") return schema.$ref.replace("#/components/schemas/", "");
  for (const [keyword, joint] of [
    ["allOf", " & "],
    ["anyOf", " | "],
    ["oneOf", " | "],
  ] as const) {
    if (!Array.isArray(schema[keyword])) continue;
    const parts = schema[keyword].map((part) => typeOf(part, indent));
    return [...new Set(parts)].map((part) => (part.includes(" | ") ? `(${part})` : part)).join(joint);
  }
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(" | ");
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return arrayOf(typeOf(schema.items, indent));
    case "object":
      return objectType(schema, indent);
    default:
      return "unknown";
  }
}

function arrayOf(item: string): string {
  return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

function objectType(schema: Json, indent: string): string {
  const required = new Set(list(schema.required));
  const fields = Object.entries(object(schema.properties)).map(([name, one]) => ({
    name,
    isRequired: required.has(name),
    schema: one,
  }));
  const extra = schema.additionalProperties;
  if (fields.length === 0) return `Record<string, ${extra === false ? "never" : typeOf(extra, indent)}>`;
  const open = typeof extra === "object" ? `[extra: string]: unknown` : null;
  return fieldsOf(fields, indent, open);
}

function fieldsOf(fields: Field[], indent: string, open: string | null = null): string {
  const lines = fields.map(({ name, isRequired, schema }) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const text = doc(schema, `${indent}  `);
    return `${text}${indent}  ${key}${isRequired ? "" : "?"}: ${typeOf(schema, `${indent}  `)};\n`;
  });
  if (open !== null) lines.push(`${indent}  ${open};\n`);
  return `{\n${lines.join("")}${indent}}`;
}

/** The description as a comment, wrapped; nothing where there is none. */
function doc(value: unknown, indent: string): string {
  const { description } = object(value);
  if (typeof description !== "string" || description === "") return "";
  const text = description.replaceAll("*/", "* /").replaceAll(/\s+/g, " ").trim();
  if (indent.length + text.length + 7 <= MAX_LINE) return `${indent}/** ${text} */\n`;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && indent.length + line.length + word.length + 4 > MAX_LINE) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(TARGET, renderTypes(withRules(await apiDocument())));
  console.log(TARGET);
}
