// Stands in for the package `@asteasolutions/zod-to-openapi` in what is uploaded (wrangler.toml, `alias`). The API's
// description is made by the build and read from the static assets, so the Worker describes nothing: what a schema says
// of itself to readers is dropped here, and no route is written down.

/** Takes what it is given, and keeps none of it. */
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

/** Gives each schema `openapi()`, which leaves it as it is. */
export function extendZodWithOpenApi({ ZodType }: { ZodType: { prototype: object } }): void {
  Reflect.set(ZodType.prototype, "openapi", function openapi<T>(this: T): T {
    return this;
  });
}

export function getOpenApiMetadata(): Record<string, never> {
  return {};
}
