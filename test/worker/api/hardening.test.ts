import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { ROLES } from "../../../src/platform/roles.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, filledPath, problem, tokenOf } from "../../support/worker/http.ts";

const ORIGIN = "http://latchkey.test";
const get = (path: string, headers: Record<string, string> = {}) =>
  exports.default.fetch(new Request(`${ORIGIN}${path}`, { headers }));

describe("every answer has the headers with which browsers give it no rights", () => {
  it.each(["/health", "/openapi.json", "/docs", "/api/v1/courses", "/api/v1/nowhere", "/nowhere"])(
    "%s",
    async (path) => {
      for (const headers of [{}, { authorization: `Bearer ${await tokenOf("ada")}` }]) {
        const answer = await get(path, headers);
        await answer.body?.cancel();
        const policy = answer.headers.get("content-security-policy") ?? "";
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toMatch(/unsafe|\*/);
        expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
        expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
        expect(answer.headers.get("cross-origin-resource-policy")).toBe("same-origin");
        expect(answer.headers.get("strict-transport-security")).toMatch(/^max-age=\d{8}/);
        expect(answer.headers.has("access-control-allow-origin")).toBe(false);
        expect(answer.headers.has("set-cookie")).toBe(false);
      }
    },
  );
});

describe("other origins", () => {
  const ask = (origin: string, allowed: string) => {
    const bindings: Partial<Env> = {};
    Reflect.set(bindings, "ALLOWED_ORIGINS", allowed);
    return callWith(bindings, "OPTIONS", "/courses", {
      headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
    });
  };

  it("may call only if they are listed in full, and never with cookies", async () => {
    const listed = "https://learn.example.org https://other.example.org";
    const answer = await ask("https://learn.example.org", listed);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://learn.example.org");
    expect(answer.headers.has("access-control-allow-credentials")).toBe(false);
    for (const origin of [
      "https://evil.example.org",
      "https://learn.example.org.evil.test",
      "http://learn.example.org",
      "https://learn.example.or",
      "null",
      "",
    ]) {
      expect((await ask(origin, listed)).headers.has("access-control-allow-origin"), origin).toBe(false);
    }
    const closed = await ask("https://learn.example.org", "");
    expect(closed.headers.has("access-control-allow-origin")).toBe(false);
    // [fault 47] Whoever looks at the refused call reads which setting lets it through.
    expect(closed.status).toBe(403);
    expect(await closed.text()).toContain("ALLOWED_ORIGINS");
    expect(env.ALLOWED_ORIGINS).toBe("");
  });
});

describe("every body has a limit that the API names", () => {
  const operationSchema = z.looseObject({
    requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
    "x-policy": z.looseObject({ max_body: z.int(), roles: z.union([z.literal("public"), z.array(z.enum(ROLES))]) }),
  });
  /** Larger ones stream, and have tests of their own. */
  const SMALL = 1_000_000;

  async function limited() {
    const { paths = {} } = await openApiDocument(createApi(), ORIGIN);
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods ?? {}).flatMap(([method, given]) => {
        const { requestBody, "x-policy": policy } = operationSchema.parse(given);
        return requestBody === undefined ? [] : [{ method: method.toUpperCase(), path, ...policy, requestBody }];
      }),
    );
  }

  it("and one byte more is refused, on every route that accepts JSON", async () => {
    const routes = await limited();
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.filter(({ max_body }) => max_body <= 0)).toEqual([]);
    const small = routes.filter(
      ({ max_body, requestBody }) => max_body <= SMALL && "application/json" in requestBody.content,
    );
    expect(small.length).toBeGreaterThan(15);
    for (const { method, path, max_body, roles } of small) {
      const filled = filledPath(path);
      const role = roles === "public" ? "learner" : (roles.at(-1) ?? "admin");
      const answer = await call(method, filled, {
        token: await tokenOf("limits", role),
        body: { filler: "x".repeat(max_body) },
      });
      const { code, detail } = await problem(answer, 413);
      expect([path, code]).toEqual([path, "body_too_large"]);
      expect(detail).toContain(String(max_body));
    }
  });
});
