import { type LTIConfig, LTITool } from "@lti-tool/core";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { serve } from "./support.ts";

// The platform of these tests is written from the standards. That it is one, and not only what our own tool takes for one, is shown
// by a tool that somebody else wrote.

afterEach(() => vi.restoreAllMocks());

type Storage = LTIConfig["storage"];

/** As much of its storage as a launch needs. */
function storageOf({ registered }: TestPlatform): Storage {
  const nonces = new Set<string>();
  const { issuer: iss, client_id: clientId, auth_url, token_url, jwks_url, deployments } = registered;
  const config = {
    iss,
    clientId,
    deploymentId: deployments[0] ?? "",
    authUrl: auth_url,
    tokenUrl: token_url,
    jwksUrl: jwks_url,
  };
  const storage: Partial<Storage> = {
    getLaunchConfig: async (issuer, client) => (issuer === iss && client === clientId ? config : undefined),
    storeNonce: async (nonce) => {
      nonces.add(nonce);
    },
    validateNonce: async (nonce) => nonces.delete(nonce),
    addSession: async ({ id }) => id,
  };
  // SAFETY: a launch, a score and a list of members ask for nothing else.
  return storage as Storage;
}

describe("a tool that somebody else wrote", () => {
  it("takes launches, columns and members of the platform of these tests, and no launch twice or changed", async () => {
    const platform = new TestPlatform();
    await platform.rotate();
    serve(platform);
    const keyPair = await generateKeyPair("RS256", { extractable: true });
    platform.toolKeys = { keys: [{ ...(await exportJWK(keyPair.publicKey)), kid: "main", alg: "RS256", use: "sig" }] };
    platform.needsQuery = false;
    platform.members = [{ user_id: "ada", roles: [LEARNER], status: "Active", name: "Ada" }];
    const stateSecret = crypto.getRandomValues(new Uint8Array(32));
    const tool = new LTITool({ stateSecret, keyPair, storage: storageOf(platform) });
    const launchUrl = "https://tool.example.net/launch";
    const placed = { target: "https://tool.example.net/item" };
    const begin = async () => {
      const params = Object.fromEntries(platform.loginParams(placed, { lti_deployment_id: "dep-1" }));
      const to = await tool.handleLogin({ ...params, launchUrl } as unknown as Parameters<LTITool["handleLogin"]>[0]);
      return platform.accept(to);
    };
    const request = await begin();
    const person = { sub: "ada", name: "Ada", roles: [LEARNER] };
    const extra = { ...platform.endpoint("c"), ...platform.roster() };
    // It wants what the standard leaves open: names, an address, titles that are text; and columns without a query.
    const resource_link = { id: "link-1", title: "Link" };
    const claims = {
      ...platform.claims(request, person, placed),
      ...extra,
      given_name: "Ada",
      family_name: "L",
      email: "ada@example.org",
      "https://purl.imsglobal.org/spec/lti/claim/resource_link": resource_link,
      "https://purl.imsglobal.org/spec/lti/claim/context": { id: "course-1", title: "A course", label: "C" },
      "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
        scope: ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        lineitem: `https://${platform.host}/columns/c`,
        lineitems: `https://${platform.host}/columns`,
      },
    };
    const token = await platform.sign(claims);
    const payload = await tool.verifyLaunch(token, request.state);
    expect(payload.sub).toBe("ada");
    await expect(tool.verifyLaunch(token, request.state)).rejects.toThrow(/Nonce/);
    const other = await begin();
    await expect(tool.verifyLaunch(token, other.state)).rejects.toThrow(/Nonce mismatch/);
    const session = await tool.createSession(payload);
    const score = {
      scoreGiven: 8,
      scoreMaximum: 10,
      activityProgress: "Completed",
      gradingProgress: "FullyGraded",
    } as const;
    await tool.submitScore(session, { ...score, userId: "ada", comment: "" });
    expect(platform.scores).toMatchObject([{ column: "c", userId: "ada", scoreGiven: 8 }]);
    expect(await tool.getMembers(session)).toMatchObject([{ userId: "ada", roles: [LEARNER] }]);
  });
});
