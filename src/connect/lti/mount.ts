import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../../platform/http/context.ts";
import { mountChoice } from "./choice.ts";
import { publicKeys } from "./keys.ts";
import { SCRIPT, STYLE } from "./page.ts";
import { mountRegistration } from "./registration.ts";
import { mountLaunch } from "./routes-launch.ts";
import { mountLogin } from "./routes-login.ts";
import { targetOfPath } from "./target.ts";

/** Seconds for which platforms keep the keys, and browsers the script. */
const KEPT_S = 3_600;
const cached = { "cache-control": `public, max-age=${KEPT_S}` };

/** What platforms and browsers call: none of it takes a bearer token. */
export function mountLti(app: OpenAPIHono<AppEnv>): void {
  app.get("/lti/jwks.json", async (c) => c.json(await publicKeys(c.env, Date.now()), 200, cached));
  app.get("/lti/page.js", (c) => c.body(SCRIPT, 200, { ...cached, "content-type": "text/javascript; charset=utf-8" }));
  app.get("/lti/page.css", (c) => c.body(STYLE, 200, { ...cached, "content-type": "text/css; charset=utf-8" }));
  mountLogin(app);
  mountLaunch(app);
  mountChoice(app);
  mountRegistration(app);
  // Somebody who opens a link by itself goes to the course, and signs in there as always.
  app.get("/lti/to/*", (c) => {
    const target = targetOfPath(c.req.path);
    return target === null ? c.notFound() : c.redirect(`/courses/${target.course}`, 302);
  });
}
