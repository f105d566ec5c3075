import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { freePort, LOCAL_ADDRESS } from "../../scripts/lib/ports.ts";
import { api, clientOf } from "../support/node/api.ts";
import { type OidcServer, startOidcServer, throughPages } from "../support/node/oidc-server.ts";
import { processesOn, runScript, type Script, until } from "../support/node/processes.ts";
import { emptyState, removeState } from "../support/node/state.ts";

const START_MS = 120_000;
const END_MS = 20_000;
const CLIENT = "latchkey";
const SECRET = "a secret of the client";
const begunSchema = z.object({ url: z.string(), flow: z.string() });
const enteredSchema = z.looseObject({
  access_token: z.string(),
  user: z.looseObject({ id: z.string(), email: z.string(), name: z.string(), role: z.string() }),
});

/** Single sign-on against oidc-provider, which nobody of this project has written. */
describe("signing in with an independent provider", () => {
  let stateDir: string;
  let url: string;
  let redirect: string;
  let script: Script;
  let server: OidcServer;
  const people = {
    grace: { email: "grace@school.example", email_verified: true, name: "Grace Hopper", roles: ["teacher"] },
    mallory: { email: "mallory@school.example", email_verified: false, name: "Mallory" },
  };

  beforeAll(async () => {
    stateDir = emptyState();
    const port = await freePort();
    url = `http://${LOCAL_ADDRESS}:${port}`;
    redirect = `${url}/sign-in/with/school`;
    server = await startOidcServer({ id: CLIENT, secret: SECRET, redirect }, people);
    script = runScript("scripts/start.ts", ["--port", String(port), "--state", stateDir]);
    await until("the ready banner", START_MS, () => script.output().includes("Ctrl-C ends Latchkey"));
  }, START_MS);
  afterAll(async () => {
    script.child.kill("SIGKILL");
    await server.close();
    await until("the end of every process", END_MS, () => processesOn(stateDir).length === 0);
    removeState(stateDir);
  });

  const begin = async () => {
    const begun = await api(url).post("/api/v1/auth/sign-on/school/begin", undefined);
    expect(begun.status).toBe(200);
    return begunSchema.parse(begun.body);
  };
  const complete = (flow: string, answer: string) =>
    api(url).post("/api/v1/auth/sign-on/school/complete", { flow, answer });

  it("reads its discovery document, shows a button, and gives somebody a session with their role", async () => {
    const admin = await clientOf(url, "root", "admin");
    const settings = { claims: { role: "roles" }, roles: [{ value: "teacher", role: "author" }] };
    const set = await admin.put("/api/v1/identity-providers/school", {
      label: "School",
      issuer: server.issuer,
      client_id: CLIENT,
      client_secret: SECRET,
      top_role: "author",
      settings,
    });
    expect(set).toMatchObject({ status: 200, body: { redirect_uri: redirect, has_secret: true } });
    const buttons = await api(url).get("/api/v1/auth/sign-on");
    expect(buttons.body).toEqual({ results: [{ name: "school", label: "School" }] });
    const begun = await begin();
    const back = await throughPages(begun.url, redirect, "grace");
    expect(back.searchParams.get("iss")).toBe(server.issuer);
    const entered = await complete(begun.flow, back.search.slice(1));
    expect(entered.status).toBe(200);
    const { user, access_token } = enteredSchema.parse(entered.body);
    expect(user).toMatchObject({ email: "grace@school.example", name: "Grace Hopper", role: "author" });
    expect((await api(url, access_token).get("/api/v1/auth/sessions")).status).toBe(200);
    // What was used once is over, for the provider's code too.
    expect(await complete(begun.flow, back.search.slice(1))).toMatchObject({ status: 403 });
    const shown = await admin.get("/api/v1/identity-providers");
    expect(shown.body).toMatchObject({
      results: [{ name: "school", last_failure: expect.stringContaining("flow_used") }],
    });
    expect(JSON.stringify(shown.body)).not.toContain(SECRET);
  });

  it("refuses a user whose address is not verified, and an answer for another flow", async () => {
    const begun = await begin();
    const back = await throughPages(begun.url, redirect, "mallory");
    const other = await begin();
    expect(await complete(other.flow, back.search.slice(1))).toMatchObject({ status: 403 });
    expect(await complete(begun.flow, back.search.slice(1))).toMatchObject({
      status: 403,
      body: { code: "sign_on_refused", errors: [{ rule: "email_unverified" }] },
    });
  });
});
