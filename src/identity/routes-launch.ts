import { z } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import type { DeclaredRefusal } from "../platform/http/declared-refusals.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { signInByLaunch } from "./launches.ts";
import { addressOf, answer, body, depsOf, NO_STORE, TAGS } from "./routes-common.ts";
import { signedInView } from "./schemas.ts";
import { STEP_REQUIRED, tokenBody } from "./ways/schemas.ts";

const launchedView = signedInView
  .extend({ to: z.string().openapi({ description: "The page that the launch leads to." }) })
  .openapi("Launched");

/** A code is missing: after it, the page knows where the launch leads. */
const LAUNCH_STEP = {
  ...STEP_REQUIRED,
  name: "LaunchStepProblem",
  members: { ...STEP_REQUIRED.members, to: launchedView.shape.to },
} as const satisfies DeclaredRefusal;

const launchRoute = defineRoute(
  {
    roles: "public",
    rule: "The token says whose launch from another platform it is. It is good once, for a minute.",
    rate: "write",
    refuses: ["link_invalid", "forbidden", LAUNCH_STEP],
  },
  {
    method: "post",
    path: "/auth/launch",
    operationId: "signInByLaunch",
    tags: TAGS,
    summary: "Sign in by a launch from another platform",
    request: body(tokenBody),
    responses: { 200: answer("Signed in.", launchedView) },
  },
);

/** How browsers that come from another platform get a session. */
export function launchRoutes() {
  return newRouter().openapi(launchRoute, async (c) => {
    const caller = { address: addressOf(c), userAgent: c.req.header("user-agent") };
    const signedIn = await signInByLaunch(depsOf(c), c.req.valid("json").token, caller);
    return signedIn.ok ? c.json(signedIn.value, 200, NO_STORE) : respond(c, signedIn.refusal);
  });
}
