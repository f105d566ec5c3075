// Replaces the package `@asteasolutions/zod-to-openapi` in the upload (wrangler.toml, `alias`). The build makes the
// API's description, and the Worker reads it from the static assets. So the descriptions of schemas are dropped here,
// and no route is registered.

/** Accepts everything and stores nothing. */
export class OpenAPIRegistry {
  readonly definitions: readonly never[] = [];
  register<T>(_name: string, schema: T): T {
    return schema;
  }
  registerParameter<T>(_name: string, schema: T): T {
    return schema;
  }
  registerPath(): void {}
  registerWebhook(): void {}
  registerComponent(): void {}
}

class NoGenerator {
  generateDocument(): never {
    throw new Error("The build makes the API's description: scripts/lib/reference.");
  }
}

export { NoGenerator as OpenApiGeneratorV3, NoGenerator as OpenApiGeneratorV31 };

/** Gives each schema `openapi()`, which changes nothing. */
export function extendZodWithOpenApi({ ZodType }: { ZodType: { prototype: object } }): void {
  Reflect.set(ZodType.prototype, "openapi", function openapi<T>(this: T): T {
    return this;
  });
}

export function getOpenApiMetadata(): Record<string, never> {
  return {};
}
