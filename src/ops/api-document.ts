import { eventDataSchema, socketMessageSchema } from "../events/shapes.ts";
import type { LazyApi } from "../platform/http/lazy-api.ts";

// The Worker itself has no part of this file: the build calls it, and the outcome lies among the static assets.

/**
 * The API's description, made from the schemas that validate.
 * @param api of createApi.
 */
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
 * A pattern of JSON Schema is the expression alone and always read as Unicode; of an expression that carries a flag the
 * generator leaves the end of the notation of the programming language (`^a$/u`), with which nothing would match.
 */
function withoutFlags(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  for (const [name, value] of Object.entries(node)) {
    if (name === "pattern" && typeof value === "string") Reflect.set(node, name, value.replace(/\/[dgimsuvy]+$/, ""));
    else withoutFlags(value);
  }
}
