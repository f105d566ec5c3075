import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AUTHOR, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { API, call, filledPath, problem, tokenOf } from "../../support/worker/http.ts";
import { ladder, statesOf } from "../../support/worker/learners.ts";

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({ requestBody: z.looseObject({ required: z.boolean().optional() }).optional() }),
    ),
  ),
});

async function withOptionalBody(): Promise<[string, string][]> {
  const answer = await exports.default.fetch(new Request("http://latchkey.test/openapi.json"));
  const { paths } = documentSchema.parse(await answer.json());
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]): [string, string][] =>
      requestBody === undefined || requestBody.required === true ? [] : [[method.toUpperCase(), path]],
    ),
  );
}

/** Ways of sending no byte. */
const EMPTY: [string, RequestInit][] = [
  ["no body", {}],
  ["an empty text", { body: "" }],
  ["a length of nothing", { headers: { "content-length": "0" } }],
  ["a stream that ends at once", { body: new Blob([]).stream() }],
];
const TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  "application/x-www-form-urlencoded",
  "text/plain",
];

function send(method: string, path: string, token: string, init: RequestInit, type: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "cf-connecting-ip": crypto.randomUUID(), "content-type": type };
  return exports.default.fetch(
    new Request(`${API}${path}`, { method, ...init, headers: { ...init.headers, ...headers } }),
  );
}

describe("[fault 33] an optional body", () => {
  it("is missing if it has no bytes, on every route, whatever its header says", async () => {
    const operations = await withOptionalBody();
    expect(operations.length).toBeGreaterThan(3);
    const token = await tokenOf("root", "admin");
    for (const [method, path] of operations) {
      for (const [name, init] of EMPTY) {
        for (const type of TYPES) {
          const body = init.body instanceof ReadableStream ? { body: new Blob([]).stream() } : {};
          const answer = await send(method, filledPath(path), token, { ...init, ...body }, type);
          const text = await answer.text();
          expect(text, `${method} ${path}, ${name}, ${type}`).not.toMatch(/malformed_json|unsupported_media_type/);
        }
      }
    }
  });

  it("may be missing when a learner marks a chapter, enrolls, or an author activates", async () => {
    const slug = freshSlug("empty");
    await publish(ladder(slug));
    const token = await tokenOf("ada");
    const json = "application/json";
    expect((await send("POST", `/courses/${slug}/enrollments`, token, {}, json)).status).toBe(201);
    const path = `/courses/${slug}/chapters/${slug}.one/mark_as_completed`;
    expect((await send("POST", path, token, { body: "" }, json)).status).toBe(200);
    expect((await statesOf(slug, "ada"))[`${slug}.one`]).toBe("completed");
    const author = await tokenOf(AUTHOR, "author");
    expect((await send("POST", `/courses/${slug}/versions/1/activate`, author, {}, json)).status).toBe(200);
  });

  it("is read, not ignored, if it is there", async () => {
    const slug = freshSlug("full");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    const path = `/courses/${slug}/chapters/${slug}.one/mark_as_completed`;
    const unknown = await call("POST", path, { token, body: { done: true } });
    expect((await problem(unknown, 400)).code).toBe("invalid_input");
    const broken = await send("POST", path, token, { body: "{" }, "application/json");
    expect((await problem(broken, 400)).code).toBe("malformed_json");
    const form = await send("POST", path, token, { body: "done=true" }, "application/x-www-form-urlencoded");
    expect((await problem(form, 415)).code).toBe("unsupported_media_type");
    expect((await statesOf(slug, "ada"))[`${slug}.one`]).toBe("unlocked");
  });
});
