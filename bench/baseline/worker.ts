import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";
import { ItemOrder, isRevoked, type Pass, verifyPass } from "../../src/client/pass/index.ts";

/**
 * The least a Worker can do on this runtime, to be measured beside the product: a route that returns bytes, an object
 * that returns bytes, an object that writes one row. No token, no rule, no log.
 */
interface BaselineEnv {
  BARE: DurableObjectNamespace<BareObject>;
}

/** Returns what it was given, and writes one row. */
export class BareObject extends DurableObject<BaselineEnv> {
  #payload: string | null = null;

  constructor(ctx: DurableObjectState, env: BaselineEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS payload (one INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS done (item TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID");
  }

  put(body: string): void {
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO payload (one, body) VALUES (1, ?)", body);
    this.#payload = body;
  }

  read(): string {
    this.#payload ??= this.ctx.storage.sql.exec<{ body: string }>("SELECT body FROM payload").one().body;
    return this.#payload;
  }

  write(item: string): number {
    const at = Date.now();
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO done (item, at) VALUES (?, ?)", item, at);
    return at;
  }
}

/** Stands in for an enrollment object that cannot answer, so that the fallback to D1 can be measured. */
export class BrokenObject extends DurableObject<BaselineEnv> {
  read(): never {
    throw new Error("this object is broken on purpose");
  }
}

const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };
let shared = "";

/** What somebody who checks passes keeps: it never asks the product. */
const kept: { keys: { keys: object[] }; order: ItemOrder | null; passes: Map<string, Pass> } = {
  keys: { keys: [] },
  order: null,
  passes: new Map(),
};
const NOTHING = { issued_before: null, learners: [] };

const app = new Hono<{ Bindings: BaselineEnv }>()
  .get("/hono", (c) => c.body(shared, 200, JSON_HEADERS))
  .put("/hono", async (c) => {
    shared = await c.req.text();
    return c.body(null, 204);
  })
  .get("/may/:item/:pass", async (c) => {
    const text = c.req.param("pass");
    let pass = kept.passes.get(text);
    if (pass === undefined) {
      const verified = await verifyPass(text, kept.keys);
      if (!verified.ok) return c.body(verified.fault, 403);
      pass = verified.pass;
      kept.passes.set(text, pass);
    }
    const isOpen = kept.order !== null && !isRevoked(pass, NOTHING) && pass.mayOpen(kept.order, c.req.param("item"));
    return c.body(`{"may_open":${isOpen}}`, 200, JSON_HEADERS);
  })
  .get("/may-anything/:item/:pass", (c) => c.body('{"may_open":true}', 200, JSON_HEADERS))
  .put("/may", async (c) => {
    const told = await c.req.json<{ keys: object[]; course: string; version: number; items: string[] }>();
    kept.keys = { keys: told.keys };
    kept.order = await ItemOrder.of(told.course, told.version, told.items);
    return c.body(null, 204);
  })
  // The time of one check alone, a hundred thousand times over.
  .get("/may-alone/:item/:pass", async (c) => {
    const verified = await verifyPass(c.req.param("pass"), kept.keys);
    const { order } = kept;
    if (!verified.ok || order === null) return c.body("no pass", 403);
    const now = Date.now();
    let open = 0;
    for (let time = 0; time < 100_000; time += 1) if (verified.pass.mayOpen(order, c.req.param("item"), now)) open += 1;
    return c.body(String(open));
  });

export default {
  async fetch(request, env, ctx) {
    const [, kind = "", name = "", item = ""] = new URL(request.url).pathname.split("/");
    if (kind === "hono" || kind.startsWith("may")) return app.fetch(request, env, ctx);
    const stub = env.BARE.get(env.BARE.idFromName(name));
    if (kind !== "object") return new Response(null, { status: 404 });
    if (request.method === "GET") return new Response(await stub.read(), { headers: JSON_HEADERS });
    if (request.method === "POST") {
      return new Response(JSON.stringify({ at: await stub.write(item) }), { headers: JSON_HEADERS });
    }
    await stub.put(await request.text());
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<BaselineEnv>;
