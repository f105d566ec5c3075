import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { ROLES, type Role } from "../../../src/platform/roles.ts";
import { API, call, filledPath, problem, tokenOf } from "../../support/worker/http.ts";
import { service } from "../../support/worker/learners.ts";

const policySchema = z.looseObject({ roles: z.union([z.literal("public"), z.array(z.enum(ROLES))]) });
const operationSchema = z.looseObject({
  "x-policy": policySchema,
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
});

/** Every operation of the API that takes JSON, with a role that may call it. */
const taking = Object.entries((await openApiDocument(createApi(), "http://latchkey.test")).paths ?? {}).flatMap(
  ([path, methods]) =>
    Object.entries(methods ?? {}).flatMap(([method, raw]) => {
      const operation = operationSchema.parse(raw);
      const takesJson = operation.requestBody?.content["application/json"] !== undefined;
      const { roles } = operation["x-policy"];
      const role: Role = roles === "public" ? "learner" : (roles.at(-1) ?? "admin");
      return takesJson
        ? [{ operation: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, role }]
        : [];
    }),
);

const bytes = (text: string) => new TextEncoder().encode(text);
const ALTERED: [what: string, body: Uint8Array, code: string, path: string, rule: string][] = [
  [
    "bytes that are no UTF-8",
    new Uint8Array([...bytes('{"x":"é'), 0xff, ...bytes('"}')]),
    "malformed_json",
    "",
    "utf8",
  ],
  [
    "a character cut in two",
    new Uint8Array([...bytes('{"x":"'), 0xe4, 0xb8, ...bytes('"}')]),
    "malformed_json",
    "",
    "utf8",
  ],
  ["the name __proto__", bytes('{"x":{"__proto__":{"y":1}}}'), "invalid_input", "x.__proto__", "forbidden_name"],
  ["half a surrogate pair", bytes('{"x":"\\ud800"}'), "invalid_input", "x", "lone_surrogate"],
  ["a name twice", bytes('{"x":1,"x":2}'), "invalid_input", "x", "duplicate_name"],
  ["a number beyond a double", bytes('{"x":1e400}'), "invalid_input", "x", "number_precision"],
  ["a number a double rounds", bytes('{"x":12345678901234567890}'), "invalid_input", "x", "number_precision"],
];

async function send(method: string, path: string, role: Role, body: Uint8Array, type = "application/json") {
  const headers = {
    authorization: `Bearer ${await tokenOf("sender", role)}`,
    "content-type": type,
    "cf-connecting-ip": crypto.randomUUID(),
  };
  return exports.default.fetch(new Request(`${API}${filledPath(path)}`, { method, headers, body }));
}

describe("[fault 34] no input is silently changed", () => {
  it.each(taking)("$operation", async ({ method, path, role }) => {
    expect(taking.length).toBeGreaterThan(20);
    for (const [what, body, code, place, rule] of ALTERED) {
      const refused = await problem(await send(method, path, role, body), 400);
      expect([what, refused.code, refused.errors?.[0]?.path, refused.errors?.[0]?.rule]).toEqual([
        what,
        code,
        place,
        rule,
      ]);
    }
    // A field nobody knows is not dropped either.
    const unknown = await problem(await send(method, path, role, bytes('{"nobody_knows_this":1}')), 400);
    expect(unknown.code).toBe("invalid_input");
    await problem(await send(method, path, role, bytes("{}"), "application/json; charset=iso-8859-1"), 415);
  });

  it("names the first byte that belongs to no character", async () => {
    const answer = await send("POST", "/api/v1/courses", "author", ALTERED[0]?.[1] ?? bytes(""));
    expect((await problem(answer, 400)).errors?.[0]?.message).toContain("byte 8 ");
  });

  const session = (owner: string, rest: string) =>
    `{"session_id":"${owner}","version":1,"status":"processing","source_language":"en","target_language":"zh"${rest}}`;

  it("in a batch, only the row that would be changed is refused", async () => {
    const owner = `rows-${crypto.randomUUID().slice(0, 8)}`;
    const rows = [
      session(`${owner}:kept`, ',"metadata":{"constructor":{"prototype":1},"toString":"x","n":0.1,"nul":"a\\u0000b"}'),
      session(`${owner}:proto`, ',"metadata":{"__proto__":{"polluted":true}}'),
      session(`${owner}:half`, ',"title":"\\ud800"'),
    ];
    const headers = { authorization: `Bearer ${await tokenOf(owner)}`, "content-type": "application/json" };
    const body = `{"sessions":[${rows.join(",")}]}`;
    const sent = new Request(`${API}/translation/sessions/batch`, { method: "POST", headers, body });
    const answer = await exports.default.fetch(sent);
    expect(await answer.json()).toMatchObject({
      results: [
        { status: "created" },
        { status: "invalid", error: { rule: "forbidden_name", path: "metadata.__proto__" } },
        { status: "invalid", error: { rule: "lone_surrogate", path: "title" } },
      ],
    });
    const read = await call("GET", `/translation/sessions/${owner}:kept`, { token: await tokenOf(owner) });
    // As it was sent, to the letter.
    expect(await read.text()).toContain(
      '"metadata":{"constructor":{"prototype":1},"toString":"x","n":0.1,"nul":"a\\u0000b"}',
    );
    await call("POST", "/translation/flush", { token: await tokenOf(owner) });
    const stored = await env.DB.prepare("SELECT body FROM translation_sessions WHERE owner = ?")
      .bind(owner)
      .first("body");
    expect(JSON.parse(String(stored))).toMatchObject({ metadata: { nul: "a\u0000b" } });
  });

  it("also in a batch of reported audit entries", async () => {
    const entry = (key: string, rest = "") =>
      `{"key":"${key}","action":"job.finished","occurred_at":"${new Date().toISOString()}","actor":{"id":"robot","role":"service"},` +
      `"target":{"type":"job","id":"1"}${rest}}`;
    const headers = { authorization: `Bearer ${await service()}`, "content-type": "application/json" };
    const body = `{"entries":[${entry("a")},${entry("b", ',"details":{"note":"\\udfff"}')}]}`;
    const answer = await exports.default.fetch(
      new Request(`${API}/audit/logs/batch`, { method: "POST", headers, body }),
    );
    expect(await answer.json()).toMatchObject({
      results: [
        { status: "created" },
        { status: "invalid", errors: [{ rule: "lone_surrogate", path: "details.note" }] },
      ],
    });
  });

  it.each(["/courses?cursor=%FF", "/courses?limit=5&x=%E4%B8", "/courses/%C0%AF", "/courses?x=100%"])(
    "an address that cannot be decoded is refused: %s",
    async (path) => {
      const { errors } = await problem(await call("GET", path, { token: await tokenOf("sender") }), 400);
      expect(errors?.[0]?.rule).toBe("percent_encoding");
    },
  );

  it("a byte order mark is not content", async () => {
    const body = new Uint8Array([0xef, 0xbb, 0xbf, ...bytes(`{"slug":"bom-${crypto.randomUUID()}","title":"x"}`)]);
    expect((await send("POST", "/api/v1/courses", "author", body)).status).toBe(201);
  });
});
