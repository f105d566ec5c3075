import { z } from "zod";

// The part of an OpenAPI 3.0 or 3.1 document that the reference page shows. Everything else passes through unread.

const METHODS = ["get", "post", "put", "patch", "delete"] as const;
type Method = (typeof METHODS)[number];

/** A JSON Schema as OpenAPI carries it. */
export interface Schema {
  $ref?: string | undefined;
  type?: string | string[] | undefined;
  format?: string | undefined;
  description?: string | undefined;
  enum?: unknown[] | undefined;
  const?: unknown;
  default?: unknown;
  example?: unknown;
  examples?: unknown[] | undefined;
  nullable?: boolean | undefined;
  properties?: Record<string, Schema> | undefined;
  required?: string[] | undefined;
  additionalProperties?: boolean | Schema | undefined;
  items?: Schema | undefined;
  allOf?: Schema[] | undefined;
  anyOf?: Schema[] | undefined;
  oneOf?: Schema[] | undefined;
  pattern?: string | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  exclusiveMinimum?: number | boolean | undefined;
  exclusiveMaximum?: number | boolean | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  minProperties?: number | undefined;
  maxProperties?: number | undefined;
}

const schemaSchema: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    format: z.string().optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    default: z.unknown().optional(),
    example: z.unknown().optional(),
    examples: z.array(z.unknown()).optional(),
    nullable: z.boolean().optional(),
    properties: z.record(z.string(), schemaSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), schemaSchema]).optional(),
    items: schemaSchema.optional(),
    allOf: z.array(schemaSchema).optional(),
    anyOf: z.array(schemaSchema).optional(),
    oneOf: z.array(schemaSchema).optional(),
    pattern: z.string().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.union([z.number(), z.boolean()]).optional(),
    exclusiveMaximum: z.union([z.number(), z.boolean()]).optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
    minProperties: z.number().optional(),
    maxProperties: z.number().optional(),
  }),
);

const mediaSchema = z.looseObject({ schema: schemaSchema.optional(), example: z.unknown().optional() });
const contentSchema = z.record(z.string(), mediaSchema);

const parameterSchema = z.looseObject({
  name: z.string(),
  in: z.enum(["path", "query", "header", "cookie"]),
  required: z.boolean().default(false),
  description: z.string().optional(),
  schema: schemaSchema.default({}),
  example: z.unknown().optional(),
});
export type Parameter = z.infer<typeof parameterSchema>;

/** `x-policy` of a route, as `defineRoute` writes it. */
const policySchema = z.looseObject({
  roles: z.union([z.literal("public"), z.array(z.string())]),
  rule: z.string().default(""),
  /** Bytes; 0 where the route takes no body. */
  max_body: z.number().default(0),
  rate: z.string().default(""),
  /** What a service's key needs; "" where no key reaches. */
  scope: z.string().default(""),
});
export type Policy = z.infer<typeof policySchema>;

const operationSchema = z.looseObject({
  summary: z.string().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  deprecated: z.boolean().default(false),
  parameters: z.array(parameterSchema).default([]),
  requestBody: z
    .looseObject({ description: z.string().optional(), required: z.boolean().optional(), content: contentSchema })
    .optional(),
  responses: z
    .record(z.string(), z.looseObject({ description: z.string().default(""), content: contentSchema.optional() }))
    .default({}),
  "x-policy": policySchema.optional(),
});

const documentSchema = z.looseObject({
  info: z.looseObject({ title: z.string(), version: z.string(), description: z.string().optional() }),
  tags: z.array(z.looseObject({ name: z.string(), description: z.string().optional() })).default([]),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  components: z.looseObject({ schemas: z.record(z.string(), schemaSchema).default({}) }).prefault({}),
});

export interface Operation extends z.infer<typeof operationSchema> {
  method: Method;
  path: string;
}

interface OperationGroup {
  tag: string;
  description: string;
  operations: Operation[];
}

export interface ApiModel {
  title: string;
  version: string;
  description: string;
  /** In the order of the document's `tags`, then in the order of appearance. */
  groups: OperationGroup[];
  schemas: ReadonlyMap<string, Schema>;
}

/** Where routes without a tag are listed. */
const UNTAGGED = "other";

/**
 * Reads an OpenAPI document.
 * @throws z.ZodError when it is not one: the document is ours, so that is a fault of the code.
 */
export function readDocument(document: unknown): ApiModel {
  const { info, tags, paths, components } = documentSchema.parse(document);
  const groups = new Map<string, OperationGroup>(
    tags.map((tag) => [tag.name, { tag: tag.name, description: tag.description ?? "", operations: [] }]),
  );
  for (const operation of readOperations(paths)) {
    const tag = operation.tags[0] ?? UNTAGGED;
    const group = groups.get(tag) ?? { tag, description: "", operations: [] };
    group.operations.push(operation);
    groups.set(tag, group);
  }
  return {
    title: info.title,
    version: info.version,
    description: info.description ?? "",
    groups: [...groups.values()].filter((group) => group.operations.length > 0),
    schemas: new Map(Object.entries(components.schemas)),
  };
}

function readOperations(paths: Record<string, Record<string, unknown>>): Operation[] {
  return Object.entries(paths).flatMap(([path, entry]) => {
    // Parameters may stand on the path and then belong to each of its operations.
    const shared = z.array(parameterSchema).default([]).parse(entry.parameters);
    return METHODS.flatMap((method): Operation[] => {
      if (entry[method] === undefined) return [];
      const operation = operationSchema.parse(entry[method]);
      const own = new Set(operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`));
      const inherited = shared.filter((parameter) => !own.has(`${parameter.in} ${parameter.name}`));
      return [{ ...operation, parameters: [...inherited, ...operation.parameters], method, path }];
    });
  });
}

const REF_PREFIX = "#/components/schemas/";

/** The name of the component schema a `$ref` points to, or null when it points elsewhere. */
export function refName(schema: Schema): string | null {
  return schema.$ref?.startsWith(REF_PREFIX) ? decodeURIComponent(schema.$ref.slice(REF_PREFIX.length)) : null;
}

/** The schema itself, or what its `$ref` names; an unknown name is an empty schema. */
export function resolveSchema(schema: Schema, schemas: ApiModel["schemas"]): Schema {
  const name = refName(schema);
  return name === null ? schema : (schemas.get(name) ?? {});
}
