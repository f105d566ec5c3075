import { createExecutionContext, env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApi } from "../../../src/api.ts";
import { appOf } from "../../../src/app.ts";
import { AT_EDGE } from "../../../src/at-edge.ts";
import { createEdge } from "../../../src/edge.ts";
import type { LazyApi } from "../../../src/platform/http/lazy-api.ts";

const ORIGIN = "https://latchkey.test";
const edge = createEdge();

/** Bindings whose back notes what it is asked, and answers with a status that nothing else has. */
function withBack(
  answer: (request: Request) => Response | Promise<Response> = () => new Response("back", { status: 299 }),
) {
  const forwarded: Request[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    forwarded.push(request);
    return answer(request);
  };
  return { bindings: { ...env, BACK: { ...env.ASSETS, fetch } } satisfies Env, forwarded };
}

const ask = (request: Request, bindings: Env) => edge.fetch(request, bindings, createExecutionContext());

/** Operations of an app, as method and path. */
async function operations(app: LazyApi): Promise<string[]> {
  return (await app.whole()).openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === "route" ? [`${definition.route.method.toUpperCase()} ${definition.route.path}`] : [],
  );
}

describe("the edge", () => {
  it("answers its own operations, and forwards every other one of the API", async () => {
    const own = new Set(await operations(appOf(Object.values(AT_EDGE))));
    const all = await operations(createApi());
    expect(own.size).toBeGreaterThan(20);
    expect(all.length).toBeGreaterThan(3 * own.size);
    const wrong: string[] = [];
    for (const operation of all) {
      const [method = "", path = ""] = operation.split(" ");
      const { bindings, forwarded } = withBack();
      const request = new Request(`${ORIGIN}${path.replace(/\{\w+\}/g, "a.b")}`, {
        method,
        headers: { "cf-connecting-ip": "198.51.100.114" },
      });
      const answer = await ask(request, bindings);
      await answer.body?.cancel();
      if ((forwarded.length === 1) === own.has(operation)) wrong.push(`${operation}: ${answer.status}`);
    }
    expect(wrong).toEqual([]);
  });

  it("forwards a request unchanged: method, path, query, headers and body", async () => {
    const { bindings, forwarded } = withBack();
    const body = JSON.stringify({ slug: "forwarded", title: "Forwarded" });
    const headers = {
      authorization: "Bearer of-somebody",
      "content-type": "application/json",
      "cf-connecting-ip": "198.51.100.115",
      "x-request-id": "a-request-of-mine",
      "idempotency-key": "once",
    };
    const answer = await ask(
      new Request(`${ORIGIN}/api/v1/courses?dry_run=true`, { method: "POST", headers, body }),
      bindings,
    );
    expect([answer.status, await answer.text()]).toEqual([299, "back"]);
    const [request] = forwarded;
    expect([request?.method, request?.url]).toEqual(["POST", `${ORIGIN}/api/v1/courses?dry_run=true`]);
    expect(Object.fromEntries(request?.headers ?? [])).toMatchObject(headers);
    expect(await request?.text()).toBe(body);
  });

  it("forwards what it does not know to the back: unknown addresses and methods, missing pages, preflights", async () => {
    for (const [method, path] of [
      ["GET", "/nowhere"],
      ["GET", "/api/v1/nowhere"],
      ["DELETE", "/api/v1/courses/a/chapters"],
      ["OPTIONS", "/api/v1/courses/a/chapters"],
      ["GET", "/ready"],
      ["GET", "/metrics"],
    ] as const) {
      const { bindings, forwarded } = withBack();
      expect((await ask(new Request(ORIGIN + path, { method }), bindings)).status, path).toBe(299);
      expect(forwarded.length, path).toBe(1);
    }
    const { bindings, forwarded } = withBack();
    expect((await ask(new Request(`${ORIGIN}/health`), bindings)).status).toBe(200);
    expect(forwarded).toEqual([]);
  });

  it("reports a missing part while the back does not answer, and still answers its own operations", async () => {
    const { bindings } = withBack(() => Promise.reject(new Error("no such Worker")));
    const headers = { "x-request-id": "a-request-of-mine" };
    const answer = await ask(new Request(`${ORIGIN}/api/v1/courses`, { headers }), bindings);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toMatchObject({ code: "unavailable", request_id: "a-request-of-mine" });
    const own = await ask(new Request(`${ORIGIN}/api/v1/courses/a/chapters`), bindings);
    expect(own.status).toBe(401);
    await own.body?.cancel();
  });
});
