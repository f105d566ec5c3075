import { type ApiModel, type Parameter, refName, type Schema } from "./docs-model.ts";
import { html, join, type Markup, type Part } from "./markup.ts";

/** Inline objects nested deeper than this are cut; named schemas are linked, never nested. */
const MAX_DEPTH = 5;

/** Id of the section that describes a component schema. */
function schemaAnchor(name: string): string {
  return `schema-${name.replace(/[^A-Za-z0-9_.-]/g, "-")}`;
}

/** Paragraphs and `code` of a description; nothing else of Markdown is used in ours. */
export function prose(text: string | undefined): Part {
  if (text === undefined || text.trim() === "") return null;
  return text.split(/\n\s*\n/).map((paragraph) => html`<p>${inline(paragraph)}</p>`);
}

export function inline(text: string): Part[] {
  return text.split(/`([^`]+)`/).map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : piece));
}

/** The parameters of a route, or nothing. */
export function parameterList(parameters: readonly Parameter[]): Part {
  if (parameters.length === 0) return null;
  const rows = parameters.map((parameter) =>
    row(parameter.name, parameter.schema, {
      place: parameter.in,
      required: parameter.required,
      ...(parameter.description === undefined ? {} : { description: parameter.description }),
    }),
  );
  return html`<h4>Parameters</h4><dl class="props">${rows}</dl>`;
}

/** A whole schema: its type, its rules and, where it is an object, every property. */
export function schemaBlock(schema: Schema): Markup {
  return html`<p class="type">${typeName(schema)}${rules(schema)}</p>${details(schema, 0)}`;
}

/** All component schemas, each with the anchor that links point to. */
export function schemaSections(schemas: ApiModel["schemas"]): Part {
  return [...schemas].map(
    ([name, schema]) =>
      html`<section class="schema" id="${schemaAnchor(name)}"><h3>${name}</h3>${prose(schema.description)}${schemaBlock(schema)}</section>`,
  );
}

/** The type in words, with links to named schemas: `array of Problem`, `string or null`. */
function typeName(schema: Schema): Part {
  const name = refName(schema);
  if (name !== null) return html`<a href="#${schemaAnchor(name)}">${name}</a>`;
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined) {
    return join(
      schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`),
      " or ",
    );
  }
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined) return [join(options.map(typeName), " or "), schema.nullable === true ? " or null" : ""];
  if (schema.allOf !== undefined) return join(schema.allOf.map(typeName), " and ");
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const words = types.map((type): Part => {
    if (type === "array" && schema.items !== undefined) return ["array of ", typeName(schema.items)];
    return type === "string" && schema.format !== undefined ? `string (${schema.format})` : type;
  });
  if (schema.nullable === true) words.push("null");
  return words.length === 0 ? "any value" : join(words, " or ");
}

interface RowExtras {
  place?: string;
  required: boolean;
  description?: string;
}

function row(name: string, schema: Schema, extras: RowExtras, depth = 0): Markup {
  return html`<div><dt><code>${name}</code>${extras.required ? html` <span class="required">required</span>` : null}</dt>
<dd><p class="type">${extras.place === undefined ? null : `${extras.place}, `}${typeName(schema)}${rules(schema)}</p>${prose(
    extras.description ?? schema.description,
  )}${details(schema, depth)}</dd></div>`;
}

/** The limits of a value, as `, at most 64 characters` and the like. */
function rules(schema: Schema): Part {
  const texts: Part[] = [];
  const range = (low: number | undefined, high: number | undefined, unit: string) => {
    if (low !== undefined && low === high) texts.push(`exactly ${low}${unit}`);
    else if (low !== undefined && high !== undefined) texts.push(`${low} to ${high}${unit}`);
    else if (low !== undefined) texts.push(`at least ${low}${unit}`);
    else if (high !== undefined) texts.push(`at most ${high}${unit}`);
  };
  // zod marks every integer with the bounds of a safe one; they are of no use to a reader.
  const safe = (value: number | undefined) =>
    value !== undefined && Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value;
  range(safe(schema.minimum), safe(schema.maximum), "");
  if (typeof schema.exclusiveMinimum === "number") texts.push(`greater than ${schema.exclusiveMinimum}`);
  if (typeof schema.exclusiveMaximum === "number") texts.push(`less than ${schema.exclusiveMaximum}`);
  range(schema.minLength, schema.maxLength, " characters");
  range(schema.minItems, schema.maxItems, " entries");
  range(schema.minProperties, schema.maxProperties, " members");
  if (schema.pattern !== undefined) texts.push(html`pattern <code>${schema.pattern}</code>`);
  if (schema.default !== undefined) texts.push(html`default <code>${JSON.stringify(schema.default)}</code>`);
  return texts.map((text) => [", ", text]);
}

/** What stands inside a value: properties of an object, entries of a list, alternatives. Named schemas are links. */
function details(schema: Schema, depth: number): Part {
  if (refName(schema) !== null) return null;
  if (depth >= MAX_DEPTH) return html`<p class="type">… and further levels</p>`;
  const parts: Part[] = [];
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length > 0) {
    const required = new Set(schema.required ?? []);
    const rows = properties.map(([name, property]) => row(name, property, { required: required.has(name) }, depth + 1));
    parts.push(html`<dl class="props">${rows}</dl>`);
  }
  if (typeof schema.additionalProperties === "object" && Object.keys(schema.additionalProperties).length > 0) {
    const further = schema.additionalProperties;
    parts.push(html`<p class="type">any further member: ${typeName(further)}</p>`, details(further, depth + 1));
  }
  if (schema.items !== undefined) parts.push(details(schema.items, depth));
  for (const option of schema.oneOf ?? schema.anyOf ?? schema.allOf ?? []) {
    const inner = details(option, depth + 1);
    if (inner !== null) parts.push(html`<div class="option">${inner}</div>`);
  }
  const shown = parts.filter((part) => part !== null);
  return shown.length === 0 ? null : shown;
}
