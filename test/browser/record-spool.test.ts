import { createServer, type Server } from "node:http";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { hasChromium, launchChromium, newContext, watchFaults } from "../support/browser/chromium.ts";
import { RecordServer } from "../support/client/record-server.ts";

/** How the server meets batches: takes them, takes them and loses the answer, or is not there. */
type Mood = "well" | "mute" | "down";

describe.runIf(hasChromium)("records written by a page", () => {
  const records = new RecordServer();
  let mood: Mood = "well";
  let server: Server;
  let url: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const bundle = await build({
      entryPoints: [fromRoot("test/support/browser/spool-page.ts")],
      bundle: true,
      format: "iife",
      target: "es2022",
      write: false,
    });
    const script = bundle.outputFiles[0]?.text ?? "";
    server = createServer(async (request, response) => {
      if (request.method === "GET") {
        const isScript = request.url === "/page.js";
        response.writeHead(200, { "content-type": isScript ? "text/javascript; charset=utf-8" : "text/html" });
        response.end(isScript ? script : '<!doctype html><title>Spool</title><script src="/page.js"></script>');
        return;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (mood === "down") return void request.socket.destroy();
      const answer = await records.fetch(`http://latchkey.test${request.url}`, {
        method: "POST",
        body: Buffer.concat(chunks).toString(),
        headers: { "idempotency-key": String(request.headers["idempotency-key"]) },
      });
      if (mood === "mute") return void request.socket.destroy();
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    url = `http://127.0.0.1:${address.port}`;
    browser = await launchChromium();
    page = await (await newContext(browser, url)).newPage();
  });
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const number = async (call: string) => z.number().parse(await page.evaluate(`spoolPage.${call}`));
  const run = (call: string) => page.evaluate(`spoolPage.${call}`);

  it("[I1] [I5] are in its IndexedDB, survive the page, and each arrives once", async () => {
    const faults = watchFaults(page);
    await page.goto("/");
    mood = "down";
    await run("write(0, 25)");
    expect(await number("held()")).toBe(25);
    expect(records.items.size).toBe(0);

    // The page is gone before anybody has answered. What was acknowledged as kept is there; the server takes the first
    // batch now, and its answer is lost.
    await page.reload();
    expect(await number("held()")).toBe(25);
    mood = "mute";
    await run("write(100, 5)");
    while ((await number("failures()")) === 0 || records.items.size === 0) await page.waitForTimeout(20);
    expect(await number("held()")).toBe(30);

    // Gone again. The batch goes out under the key it was given before.
    await page.reload();
    expect(await number("held()")).toBe(30);
    mood = "well";
    await run("flush()");
    expect(await number("held()")).toBe(0);
    const expected = [...Array.from({ length: 25 }, (_, at) => at), 100, 101, 102, 103, 104];
    expect([...records.items.keys()]).toEqual(expected.map((id) => `ada:s:t${id}`));
    expect(records.items.get("ada:s:t7")).toEqual({ version: 1, text: "第7章" });
    expect(records.doubles).toBe(0);
    const keys = records.received.map(({ key }) => key);
    expect(new Set(keys).size).toBeLessThan(keys.length);

    // Nothing is left for a third page.
    await page.reload();
    expect(await number("held()")).toBe(0);
    expect(faults.filter((fault) => !fault.includes("ERR_"))).toEqual([]);
  });
});
