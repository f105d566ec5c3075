import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { call, filledPath, problem, tokenOf } from "../../support/worker/http.ts";

const ORIGIN = "http://latchkey.test";
const METHODS = ["get", "post", "put", "patch", "delete"];
const documentSchema = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ "x-policy": z.unknown() }))),
});
const policySchema = z.strictObject({
  roles: z.union([z.literal("public"), z.array(z.enum(["learner", "author", "service", "admin"])).min(1)]),
  rule: z.string(),
  max_body: z.number().int().min(0),
  rate: z.enum(["", "sign-in", "write", "read"]),
});

const get = (path: string) => exports.default.fetch(new Request(`${ORIGIN}${path}`));

async function operations(): Promise<{ method: string; path: string; policy: unknown }[]> {
  const document = documentSchema.parse(await (await get("/openapi.json")).json());
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, policy: operation["x-policy"] })),
  );
}

describe("what the API says of itself", () => {
  it("/health is alive without a token", async () => {
    const answer = await get("/health");
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
    expect(answer.headers.get("x-request-id")).toMatch(/\S{8,}/);
  });

  it("/openapi.json lists every registered route, each with its policy", async () => {
    const listed = new Set<string>();
    for (const { method, path, policy } of await operations()) {
      expect(METHODS).toContain(method);
      expect(policySchema.safeParse(policy).error, `${method} ${path}`).toBeUndefined();
      listed.add(`${method} ${path}`);
    }
    const registered = createApi()
      .routes.filter((route) => METHODS.includes(route.method.toLowerCase()) && route.path.startsWith("/api/"))
      .map((route) => `${route.method.toLowerCase()} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
    expect(registered.length).toBeGreaterThan(20);
    expect([...new Set(registered)].sort()).toEqual([...listed].sort());
  });

  it("/docs shows every route and runs no script of others", async () => {
    const answer = await get("/docs");
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await answer.text();
    for (const { method, path } of await operations()) {
      expect(page).toContain(`<span class="method">${method.toUpperCase()}</span> <code>${path}</code>`);
    }
  });

  it("[I8] no route that is not public answers without a token", async () => {
    const all = await operations();
    const guarded = all.filter(({ policy }) => policySchema.parse(policy).roles !== "public");
    expect(guarded.length).toBeGreaterThan(20);
    for (const { method, path } of guarded) {
      const filled = filledPath(path);
      expect({ path, code: (await problem(await call(method.toUpperCase(), filled), 401)).code }).toEqual({
        path,
        code: "unauthenticated",
      });
    }
  });

  it("[I9] unknown addresses, broken JSON and other media types get problem documents", async () => {
    const token = await tokenOf("ada");
    expect((await problem(await call("GET", "/nothing-here", { token }), 404)).code).toBe("not_found");
    const raw = (body: string, type: string) =>
      exports.default.fetch(
        new Request(`${ORIGIN}/api/v1/problems/demo.x/submissions`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": type },
          body,
        }),
      );
    expect((await problem(await raw("{", "application/json"), 400)).code).toBe("malformed_json");
    expect((await problem(await raw("{}", "text/plain"), 415)).code).toBe("unsupported_media_type");
    const big = JSON.stringify({ answer: "x".repeat(70_000) });
    expect((await problem(await raw(big, "application/json"), 413)).code).toBe("body_too_large");
  });
});
