import { createExecutionContext, env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApi, FEATURES } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";

const ORIGIN = "https://latchkey.test";

/** How many features are read for a path. */
const readFor = (path: string) => FEATURES.filter(({ covers }) => covers.test(path)).length;

describe("the features of the API", () => {
  it("each serve their first request: an isolate with no loaded feature finds every operation", async () => {
    const { paths = {} } = await openApiDocument(createApi(), ORIGIN);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods ?? {}).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, "a.b")] as const),
    );
    expect(operations.length).toBeGreaterThan(100);
    const others = ["/ready", "/metrics", "/openapi.json", "/docs", "/.well-known/jwks.json"];
    const missing: string[] = [];
    for (const [method, path] of [...operations, ...others.map((path) => ["GET", path] as const)]) {
      // Nobody: whoever is found refuses, or answers what everybody may know.
      const request = new Request(ORIGIN + path, { method, headers: { "cf-connecting-ip": "198.51.100.113" } });
      const answer = await createApi().fetch(request, env, createExecutionContext());
      const text = await answer.text();
      if (answer.status === 404 && text.includes('"not_found"')) missing.push(`${method} ${path}`);
    }
    expect(missing).toEqual([]);
  });

  it("are loaded one at a time: the most frequent requests of learners load one", () => {
    for (const path of [
      "/api/v1/courses",
      "/api/v1/courses/demo",
      "/api/v1/courses/demo/chapters",
      "/api/v1/courses/demo/problems",
      "/api/v1/problems/demo.two-sum",
      "/api/v1/events/stream",
      "/api/v1/translation/sessions/batch",
    ]) {
      expect(readFor(path), path).toBe(1);
    }
    expect(readFor("/api/v1/problems/demo.two-sum/submissions")).toBe(3);
    expect(readFor("/api/v1/storage/files")).toBe(2);
    expect(readFor("/health")).toBe(0);
    expect(readFor("/api/v1/nowhere")).toBe(0);
  });
});
