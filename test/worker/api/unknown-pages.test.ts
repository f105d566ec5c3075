import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { problem } from "../../support/worker/http.ts";

const ask = (path: string, accept: string, method = "GET") =>
  exports.default.fetch(new Request(`http://latchkey.test${path}`, { method, headers: { accept } }));

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

describe("[fault 46] an address that does not exist", () => {
  it.each(["/nosuch", "/nosuch/deep", "/wp-login.php", "/.env"])(
    "%s answers 404 with the pages for a browser, and with a problem document for others",
    async (path) => {
      const page = await ask(path, BROWSER);
      expect(page.status).toBe(404);
      expect(page.headers.get("content-type")).toMatch(/^text\/html/);
      expect(page.headers.get("cache-control")).toBe("no-store");
      expect(await page.text()).toContain('<div id="root"');
      for (const accept of ["application/json", "*/*"]) {
        expect(await problem(await ask(path, accept), 404)).toMatchObject({ code: "not_found" });
      }
      expect(await problem(await ask(path, BROWSER, "POST"), 404)).toMatchObject({ code: "not_found" });
    },
  );

  it("answers with a problem document below /api, for every caller", async () => {
    expect(await problem(await ask("/api/v1/nosuch", BROWSER), 404)).toMatchObject({ code: "not_found" });
    expect(await problem(await ask("/api/nosuch", BROWSER), 404)).toMatchObject({ code: "not_found" });
  });
});
