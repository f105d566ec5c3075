import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { exportJWK } from "jose";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { Site } from "../support/browser/site.ts";
import { type AuthRequest, LEARNER, type Placed, TestPlatform } from "../support/lti/platform.ts";
import { expectAnswer } from "../support/node/answers.ts";

const SLUG = "launched";

/** The frame in which a platform keeps what cookies cannot (LTI Client Side postMessages, Platform Storage). */
const STORE = `<script>
  const kept = new Map();
  addEventListener("message", ({ data, source, origin }) => {
    const { subject, message_id, key, value } = data;
    if (subject === "lti.put_data") kept.set(key, value);
    else if (subject !== "lti.get_data") return;
    source.postMessage({ subject: subject + ".response", message_id, key, value: kept.get(key) }, origin);
  });
</script>`;

describe.skipIf(!hasChromium)("a launch from another platform", () => {
  let site: Site;
  let browser: Browser;
  let server: Server;
  let platform: TestPlatform;
  let context: BrowserContext;
  let claims: (request: AuthRequest, placed: Placed) => Record<string, unknown>;
  let host: string;
  let hasForgotten: boolean;
  const placed = () => ({ target: `${site.url}/lti/to/${SLUG}/two` });

  /** The platform as the browser and the Worker see it: its keys, its pages, and where a launch is authorised. */
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", host);
    const html = (body: string) => response.setHeader("content-type", "text/html").end(`<!doctype html>${body}`);
    if (url.pathname === "/jwks") {
      const jwk = { ...(await exportJWK(platform.publicKey)), kid: "k1", alg: "RS256", use: "sig" };
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
    } else if (url.pathname === "/store") html(STORE);
    else if (url.pathname === "/auth") {
      const asked = platform.accept(url.href);
      if (hasForgotten && request.headers["sec-fetch-dest"] === "iframe") await context.clearCookies();
      const token = await platform.sign(claims(asked, placed()));
      html(`<form method="post" action="${asked.redirect_uri}">
        <input type="hidden" name="state" value="${asked.state}"><input type="hidden" name="id_token" value="${token}">
        </form><script>document.forms[0].submit()</script>`);
    } else if (url.pathname === "/course" || url.pathname === "/stores") {
      const storage: Record<string, string> = url.pathname === "/stores" ? { lti_storage_target: "store" } : {};
      const login = platform.loginParams(placed(), storage).toString().replaceAll("&", "&amp;");
      html(`<title>A platform</title><h1>A course of the platform</h1><iframe name="store" src="/store" title="store"></iframe>
        <iframe name="tool" title="tool" width="900" height="500" src="${site.url}/lti/login?${login}"></iframe>`);
    } else response.writeHead(404).end();
  }

  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start({ LTI_PRIVATE_PLATFORMS: "on" }), launchChromium()]);
    const chapters = ["one", "two"].map((name) => ({ id: `${SLUG}.${name}`, title: `Chapter ${name}` }));
    const document = { slug: SLUG, title: "Launched", chapters };
    expectAnswer(await site.admin.post("/api/v1/courses", { slug: SLUG, title: "Launched" }), 201, z.unknown());
    expectAnswer(await site.admin.post(`/api/v1/courses/${SLUG}/versions`, { document }), 201, z.unknown());
    server = createServer((request, response) => void serve(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    host = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    platform = new TestPlatform({
      issuer: host,
      auth_url: `${host}/auth`,
      token_url: `${host}/token`,
      jwks_url: `${host}/jwks`,
    });
    await platform.rotate();
    const body = { name: "A school", ...platform.registered, courses: [SLUG] };
    expectAnswer(await site.admin.put("/api/v1/lti/platforms/school", body), 200, z.unknown());
  });
  afterAll(async () => {
    server?.close();
    await browser?.close();
    await site?.stop();
  });

  beforeEach(async () => {
    hasForgotten = false;
    const ada = { sub: `ada-${crypto.randomUUID()}`, name: "Ada", roles: [LEARNER] };
    claims = (request, where) => platform.claims(request, ada, where);
    context = await newContext(browser, site.url);
    return () => context.close();
  });

  /** A browser that keeps no cookie in a frame of somebody else: it shows none, and has forgotten all when it comes back. */
  const withoutCookies = async () => {
    hasForgotten = true;
    await context.addInitScript(() => {
      if (window.top !== window) Object.defineProperty(document, "cookie", { get: () => "" });
    });
  };
  const isThere = async (page: Page) => {
    await page.waitForURL(`${site.url}/courses/${SLUG}/chapters/two`);
    await page.getByRole("heading", { name: "Chapter two" }).first().waitFor();
  };
  const opensFrom = async (page: Page, button: string) => {
    const [opened] = await Promise.all([
      context.waitForEvent("page"),
      page.frameLocator("[name=tool]").getByText(button, { exact: true }).click(),
    ]);
    await isThere(opened);
  };

  it("in its own window shows the item, and its token does not stay in the history", async () => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`/lti/login?${platform.loginParams(placed())}`);
    await isThere(page);
    expect(page.url()).not.toContain("#");
    expect(faults).toEqual([]);
  });

  it("in a frame opens a new window", async () => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`${host}/course`);
    await opensFrom(page, "Open");
    await screenshot(page, "lti-frame");
    expect(faults).toEqual([]);
  });

  it("without cookies uses the storage of the platform", async () => {
    await withoutCookies();
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`${host}/stores`);
    await opensFrom(page, "Open");
    expect(faults).toEqual([]);
  });

  it("without cookies and without that storage begins again in a new window", async () => {
    await withoutCookies();
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`${host}/course`);
    await opensFrom(page, "Open it in a new window");
    expect(faults).toEqual([]);
  });

  it("that was used before says so, and opens nothing", async () => {
    const page = await context.newPage();
    await page.goto("/sign-in/launch#used-before");
    await page.getByText("This launch is over").waitFor();
    await page.goto("/courses");
    await page.locator("[name=email]").waitFor();
  });

  it("that is refused is shown with its reason to an operator, who corrects it; then the last launch is shown", async () => {
    const before = claims;
    claims = (request, where) => ({
      ...before(request, where),
      "https://purl.imsglobal.org/spec/lti/claim/deployment_id": "dep-9",
    });
    const page = await context.newPage();
    await page.goto(`/lti/login?${platform.loginParams(placed())}`);
    await page.getByText("The place in your platform where the tool was added is not registered here.").waitFor();
    const operator = await newContext(browser, site.url);
    await site.signIn(operator, await site.person(`operator-${crypto.randomUUID().slice(0, 8)}`, "admin"));
    const desk = await operator.newPage();
    const faults = watchFaults(desk);
    desk.on("dialog", (dialog) => void dialog.accept());
    await desk.goto("/operator/lti");
    await desk.getByText("deployment_unknown: dep-9").waitFor();
    await desk.getByRole("button", { name: /^Let the deployment dep-9 launch/ }).click();
    await desk.getByRole("button", { name: /^Let the deployment dep-9 launch/ }).waitFor({ state: "detached" });
    await page.goto(`/lti/login?${platform.loginParams(placed())}`);
    await isThere(page);
    await desk.reload();
    await desk.getByText(/Last launch: (?!never)/).waitFor();
    // Switched off, it signs out whoever came.
    await desk.getByRole("button", { name: "Switch off: A school" }).click();
    await desk.getByText("It is switched off.").waitFor();
    await page.reload();
    await page.locator("[name=email]").waitFor();
    await desk.getByRole("button", { name: "Switch on: A school" }).click();
    await desk.getByText("It is switched off.").waitFor({ state: "detached" });
    await screenshot(desk, "lti-operator");
    expect(faults).toEqual([]);
    await operator.close();
  });
});
