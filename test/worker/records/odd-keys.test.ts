import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { D1Backend } from "../../../src/records/backends/d1.ts";
import { KvBackend } from "../../../src/records/backends/kv.ts";
import { R2Backend } from "../../../src/records/backends/r2.ts";
import { SearchBackend } from "../../../src/records/backends/search.ts";
import { TASK } from "../../../src/records/translation/types.ts";
import { API, call, tokenOf } from "../../support/worker/http.ts";
import { flush, journalRows, ownerWithSession, send } from "./support.ts";

/** Names that mean something to JavaScript, to SQL or to JSON, and texts that are cut wrongly by whoever counts units. */
const ODD =
  `{"__proto__":{"polluted":true,"__proto__":[1]},"constructor":"c","prototype":null,"hasOwnProperty":1,"toString":0,
  "":"no name","a.b":"dot","a[0]":"index","$.x":"path","'":"quote","\\"":"double","\\\\":"back","\\u0000":"nul","锁":"开","😀":"𝄞",
  "lone \\ud800":"\\udfff","1":"number","-0":-0.0,"e":1e21,"nested":{"__proto__":"deep"}}`.replaceAll(/\n\s*/g, "");
/** What of them the API takes: it refuses what a parser would lose, see the last test. */
const TAKEN = ODD.replace('"__proto__":{"polluted":true,"__proto__":[1]},', "")
  .replace('"lone \\ud800":"\\udfff",', "")
  .replace('"nested":{"__proto__":"deep"}', '"nested":{"constructor":"deep"}');
/** As a server that alters nothing writes it: JSON of the parsed text keeps order, names and values. */
const KEPT = JSON.stringify(JSON.parse(TAKEN));

/** Whether a text holds them. Not compared by the test runner: what it prints of a lone surrogate breaks its own channel. */
const holds = (text: string | null | undefined) => text?.includes(KEPT) === true;

const bodyOf = (owner: string, version = 1) =>
  `{"tasks":[{"task_id":"${owner}:book:odd","session_id":"${owner}:book","version":${version},"status":"pending",` +
  `"source_text":"x","metadata":${TAKEN}}]}`;

/** Sends a body as it is written. */
async function sendText(owner: string, text: string): Promise<Response> {
  return exports.default.fetch(
    new Request(`${API}/translation/tasks/batch`, {
      method: "POST",
      headers: { authorization: `Bearer ${await tokenOf(owner)}`, "content-type": "application/json" },
      body: text,
    }),
  );
}

describe("[fault 34] extra fields of an item", () => {
  it("are kept unchanged, whatever their names: waiting, stored, listed, restored and exported", async () => {
    const owner = await ownerWithSession("odd");
    const token = await tokenOf(owner);
    const answer = await sendText(owner, bodyOf(owner));
    expect(await answer.text()).toContain('"status":"created"');
    const read = async (path: string, options: object = {}) => (await call("GET", path, { token, ...options })).text();
    expect(holds(await read(`/translation/tasks/${owner}:book:odd`))).toBe(true);
    const [row] = await journalRows(owner, "SELECT record FROM pending WHERE id = ?", `${owner}:book:odd`);
    expect(holds(JSON.parse(String(row?.record)).body)).toBe(true);
    await flush(owner);
    const stored = await env.DB.prepare("SELECT body FROM translation_tasks WHERE id = ?")
      .bind(`${owner}:book:odd`)
      .first<string>("body");
    expect(holds(stored)).toBe(true);
    expect(holds(await read(`/translation/tasks/${owner}:book:odd`))).toBe(true);
    expect(holds(await read(`/translation/sessions/${owner}:book/tasks`))).toBe(true);
    const restored = await call("POST", `/translation/recovery/restore/${owner}:book`, { token });
    expect(holds(await restored.text())).toBe(true);
    // The same again is the same, and another value under such a name is another content.
    expect(await (await sendText(owner, bodyOf(owner))).text()).toContain('"status":"duplicate"');
    const other = bodyOf(owner).replace('"constructor":"c"', '"constructor":"d"');
    expect(await (await sendText(owner, other)).text()).toContain("version_reused");
  });

  it("are kept unchanged by every backend", async () => {
    const backends = [
      new D1Backend(env.DB),
      new SearchBackend(env.DB),
      new R2Backend(env.RECORDS),
      new KvBackend(env.RECORD_CACHE),
    ];
    for (const backend of backends) {
      const record = {
        id: `odd-${backend.name}:book:t`,
        owner: `odd-${backend.name}`,
        version: 1,
        created_at: 1,
        updated_at: 1,
        expires_at: null,
        fields: { session_id: "s", status: "pending", position: 0 },
        body: `{"source_text":"x","metadata":${ODD}}`,
      };
      await backend.write(TASK, [record]);
      const [found] = await backend.read(TASK, [record.id]);
      expect(found?.body === record.body, backend.name).toBe(true);
    }
  });

  it("are refused beside the item's own fields: nothing is left out silently", async () => {
    const owner = await ownerWithSession("beside");
    const lost: [rule: string, written: string, instead: string][] = [
      ["forbidden_name", '"version":1', '"version":1,"__proto__":{"x":1}'],
      ["forbidden_name", '"metadata":{', '"metadata":{"__proto__":{"polluted":true},'],
      ["lone_surrogate", '"metadata":{', '"metadata":{"half":"\\ud800",'],
      ["duplicate_name", '"metadata":{', '"metadata":{"constructor":"first",'],
    ];
    for (const [rule, written, instead] of lost) {
      const answer = await (await sendText(owner, bodyOf(owner).replace(written, instead))).text();
      expect(answer).toContain(`"rule":"${rule}"`);
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    const long = { ["n".repeat(101)]: 1 };
    const task = {
      task_id: `${owner}:book:l`,
      session_id: `${owner}:book`,
      version: 1,
      status: "pending",
      source_text: "x",
    };
    expect(await (await send(owner, "tasks", [{ ...task, metadata: long }])).text()).toContain('"status":"invalid"');
    for (const metadata of [[], "text", 7]) {
      expect(await (await send(owner, "tasks", [{ ...task, metadata }])).text()).toContain('"status":"invalid"');
    }
  });
});
