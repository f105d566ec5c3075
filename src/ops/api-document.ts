import { eventDataSchema, socketMessageSchema } from "../events/shapes.ts";
import type { LazyApi } from "../platform/http/lazy-api.ts";

// No part of this file is in the Worker: the build calls it, and the result is among the static assets.

/** The description of the API, made from its validation schemas. @param api of createApi. */
export async function openApiDocument(api: LazyApi, origin: string) {
  const app = await api.whole();
  app.openAPIRegistry.register("EventData", eventDataSchema);
  app.openAPIRegistry.register("SocketMessage", socketMessageSchema);
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Latchkey",
      version: "1",
      description: "Who may open what, right now: courses, enrollments, unlock states and the reasons for every lock.",
    },
    servers: [{ url: origin }],
  });
  withoutFlags(document);
  return document;
}

/**
 * In JSON Schema a pattern is only the expression, and is always read as Unicode. For an expression with a flag, the
 * generator also writes the end of the notation in JavaScript (`^a$/u`), and nothing would match it.
 */
function withoutFlags(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  for (const [name, value] of Object.entries(node)) {
    if (name === "pattern" && typeof value === "string") Reflect.set(node, name, value.replace(/\/[dgimsuvy]+$/, ""));
    else withoutFlags(value);
  }
}
