import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import type { JWK } from "jose";
import { INSTRUCTOR, LEARNER, TestPlatform } from "../../support/lti/platform.ts";
import type { Call } from "../../support/worker/http.ts";
import { serve, TOOL } from "../connect/lti/support.ts";

interface Driving {
  drive(method: string, template: string, path: string, options?: Call): Promise<unknown>;
  /** The Worker whose statements are recorded. */
  fetch(request: Request, context: ExecutionContext): Promise<Response>;
  consume(queue: string, bodies: readonly unknown[]): Promise<void>;
  cron(): Promise<void>;
}

/** A platform is registered, launches, chooses, gets scores, and goes. */
export async function driveLti({ drive, fetch, consume, cron }: Driving): Promise<void> {
  const send = async (path: string, fields: Record<string, string> | null, cookie = "") => {
    const context = createExecutionContext();
    const answer = await fetch(
      new Request(TOOL + path, {
        method: fields === null ? "GET" : "POST",
        headers: {
          cookie,
          "sec-fetch-dest": path === "/lti/open" ? "document" : "iframe",
          ...(fields === null ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        },
        ...(fields === null ? {} : { body: new URLSearchParams(fields).toString() }),
      }),
      context,
    );
    const text = await answer.text();
    await waitOnExecutionContext(context);
    if (answer.status >= 400) throw new Error(`${path}: ${answer.status} ${text}`);
    return { answer, text };
  };
  const field = (page: string, name: string) => new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(page)?.[1] ?? "";

  const platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
  await drive("POST", "/lti/keys", "/lti/keys");
  const { keys } = (await drive("GET", "/lti/tool", "/lti/tool")) as { keys: { kid: string }[] };
  await drive("DELETE", "/lti/keys/{kid}", `/lti/keys/${keys[0]?.kid}`);
  platform.toolKeys = JSON.parse((await send("/lti/jwks.json", null)).text) as { keys: JWK[] };
  const one = "/lti/platforms/{platform}";
  const body = { name: "Plans", ...platform.registered, courses: null };
  await drive("PUT", one, "/lti/platforms/plans", { body });
  await drive("GET", "/lti/platforms", "/lti/platforms");
  const second = new TestPlatform();
  await second.rotate();
  serve(platform, second);
  const body2 = { platform: "plans2", name: "Plans 2" };
  const made = (await drive("POST", "/lti/registrations", "/lti/registrations", { body: body2 })) as {
    address: string;
  };
  const configuration = encodeURIComponent(`https://${second.host}/openid`);
  await send(`${new URL(made.address).pathname}?openid_configuration=${configuration}`, null);
  const launch = async (roles: string[], make: (request: Parameters<TestPlatform["claims"]>[0]) => object) => {
    const placed = { target: `${TOOL}/lti/to/big/one` };
    const begun = await send(`/lti/login?${platform.loginParams(placed)}`, null);
    const [cookie = ""] = begun.answer.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
    const to = /&quot;to&quot;:&quot;(.*?)&quot;/.exec(begun.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const request = platform.accept(to);
    const claims = { ...platform.claims(request, { sub: `plans-${roles[0]}`, roles }, placed), ...make(request) };
    const token = await platform.sign(claims);
    return send("/lti/launch", { state: request.state, id_token: token }, cookie);
  };
  platform.members = [
    { user_id: "plans-a", roles: [LEARNER] },
    { user_id: "plans-t", roles: [INSTRUCTOR] },
  ];
  const rights = ["score", "result.readonly", "lineitem.readonly"].map((name) => `${AGS}/${name}`);
  const landed = await launch([LEARNER], () => ({ ...platform.endpoint("c", rights), ...platform.roster() }));
  const opened = await send("/lti/open", { token: field(landed.text, "token") });
  const token = opened.answer.headers.get("location")?.split("#")[1] ?? "";
  const session = (await drive("POST", "/auth/launch", "/auth/launch", { body: { token } })) as {
    access_token: string;
  };
  const mark = "/courses/{course}/chapters/{chapter}/mark_as_completed";
  await drive("POST", mark, "/courses/big/chapters/big.one/mark_as_completed", { token: session.access_token });
  const { user } = session as unknown as { user: { id: string } };
  await consume("latchkey-projection", [{ type: "project", enrollment_id: `big:${user.id}` }]);
  await cron();
  await consume("latchkey-imports", [{ type: "lti", id: "members" }]);
  platform.members = [{ user_id: "plans-a", roles: [INSTRUCTOR] }];
  await drive("POST", `${one}/sync`, "/lti/platforms/plans/sync", { body: {} });
  await consume("latchkey-imports", [{ type: "lti", id: "members" }]);
  platform.busy = () => new Response(null, { status: 503 });
  await consume("latchkey-imports", [{ type: "lti", id: "scores" }]);
  await drive("POST", `${one}/sync`, "/lti/platforms/plans/sync", { body: {} });
  await consume("latchkey-imports", [{ type: "lti", id: "members" }]);
  await drive("POST", `${one}/resend`, "/lti/platforms/plans/resend");
  platform.busy = null;
  await consume("latchkey-imports", [{ type: "lti", id: "scores" }]);
  platform.columns.set("c", { label: "C", maximum: 10 });
  platform.grade("c", `plans-${LEARNER}`, 5, 10);
  const place = { deployment: "dep-1", context: "course-1", course: "big" };
  const columns = [{ line_item: platform.column("c"), item: "big.two" }];
  await drive("PUT", `${one}/results`, "/lti/platforms/plans/results", { body: { ...place, columns } });
  await cron();
  await consume("latchkey-imports", [{ type: "lti", id: "results" }]);
  await drive("POST", `${one}/results`, "/lti/platforms/plans/results");
  await consume("latchkey-imports", [{ type: "lti", id: "results" }]);
  await launch([INSTRUCTOR], () => ({}));
  await launch([LEARNER], () => ({ [DEPLOYMENT]: "other" })).catch(() => null);
  const choose = async () => {
    const chosen = await launch([INSTRUCTOR], (request) => ({
      ...platform.choiceClaims(request, { sub: "t", roles: [INSTRUCTOR] }),
    }));
    await send("/lti/choose", { ticket: field(chosen.text, "ticket"), course: "big", item: "big.one" });
  };
  await choose();
  await drive("PUT", one, "/lti/platforms/plans", { body: { ...body, courses: ["big"] } });
  await choose();
  await drive("GET", one, "/lti/platforms/plans");
  await drive("PUT", one, "/lti/platforms/plans", { body: { ...body, enabled: false } });
  await consume("latchkey-imports", [{ type: "lti", id: "members" }]);
  await drive("PUT", one, "/lti/platforms/plans", { body });
  await drive("DELETE", one, "/lti/platforms/plans");
  await cron();
  await consume("latchkey-imports", [{ type: "lti", id: "leaving" }]);
}
const AGS = "https://purl.imsglobal.org/spec/lti-ags/scope";
const DEPLOYMENT = "https://purl.imsglobal.org/spec/lti/claim/deployment_id";
