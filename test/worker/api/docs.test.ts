import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { SCOPES } from "../../../src/platform/scopes.ts";
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
  scope: z.union([z.enum(SCOPES), z.literal("")]),
  max_body: z.number().int().min(0),
  rate: z.enum(["", "sign-in", "write", "read"]),
});

const parameterSchema = z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().default(false) });
const parametersOf = (parameters: unknown) => z.array(parameterSchema).default([]).parse(parameters);

const get = (path: string) => exports.default.fetch(new Request(`${ORIGIN}${path}`));

async function operations(): Promise<{ method: string; path: string; policy: unknown }[]> {
  const document = documentSchema.parse(await (await get("/openapi.json")).json());
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, policy: operation["x-policy"] })),
  );
}

describe("the API's own description", () => {
  it("/health answers without a token", async () => {
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
    const registered = (await createApi().whole()).routes
      .filter((route) => METHODS.includes(route.method.toLowerCase()) && route.path.startsWith("/api/"))
      .map((route) => `${route.method.toLowerCase()} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
    expect(registered.length).toBeGreaterThan(20);
    expect([...new Set(registered)].sort()).toEqual([...listed].sort());
  });

  it("[fault 47] every operation has its own name and declares the refusals that follow from its form, and no pattern has a flag", async () => {
    const text = await (await get("/openapi.json")).text();
    const responses = z.record(z.string(), z.unknown());
    const document = z
      .looseObject({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses }))) })
      .parse(JSON.parse(text));
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const policy = policySchema.parse(operation["x-policy"]);
        const optional = parametersOf(operation.parameters).filter((one) => one.in === "path" && !one.required);
        expect(optional, `${method} ${path}: what stands in a path is required`).toEqual([]);
        const statuses = Object.keys(operation.responses);
        const expected = [
          ...(policy.roles === "public" ? [] : ["401", "403"]),
          // Some writes make what their path names; what they really answer is compared everywhere (checked-main.ts).
          ...(method === "get" && path.includes("{") ? ["404"] : []),
          ...(policy.rate === "" ? [] : ["429"]),
          "500",
          "503",
          "default",
        ];
        expect(statuses, `${method} ${path}`).toEqual(expect.arrayContaining(expected));
      }
    }
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => z.string().parse(operationId)),
    );
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    const patterns = [...text.matchAll(/"pattern":"((?:[^"\\\\]|\\\\.)*)"/g)].map(([, pattern]) => pattern ?? "");
    expect(patterns.length).toBeGreaterThan(20);
    expect(patterns.filter((pattern) => /^\/|\/[a-z]*$/.test(pattern))).toEqual([]);
    for (const pattern of patterns) new RegExp(JSON.parse(`"${pattern}"`), "u");
  });

  it("/docs/ is the same page as /docs", async () => {
    const [plain, slashed] = await Promise.all([get("/docs"), get("/docs/")]);
    expect(slashed.status).toBe(200);
    expect(await slashed.text()).toBe(await plain.text());
  });

  it("/openapi.json agrees with the validating schemas, and names the origin of the request", async () => {
    const answer = await get("/openapi.json");
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    const text = await answer.text();
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(await openApiDocument(createApi(), ORIGIN))));
    const elsewhere = await exports.default.fetch(new Request("https://[::1]:8443/openapi.json"));
    expect(await elsewhere.text()).toBe(text.replaceAll(ORIGIN, "https://[::1]:8443"));
  });

  it("/docs shows every route and runs no foreign script", async () => {
    const answer = await get("/docs");
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    const page = await answer.text();
    const policy = answer.headers.get("content-security-policy");
    const style = /<style>([^<]+)<\/style>/.exec(page)?.[1] ?? "";
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${btoa(String.fromCharCode(...digest))}'`);
    expect(page).toContain(`curl`);
    expect(page).toContain(ORIGIN);
    expect(page).not.toContain("origin.invalid");
    for (const { method, path } of await operations()) {
      expect(page).toContain(`<span class="method">${method.toUpperCase()}</span> <code>${path}</code>`);
    }
  });

  it("[I8] only public routes answer without a token", async () => {
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
