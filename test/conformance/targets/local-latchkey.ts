import { randomBytes } from "node:crypto";
import { type Bundles, buildBundles, type Server, startServer } from "../../../bench/lib/server.ts";
import { freshState, removeState } from "../../support/node/state.ts";
import { ContractTarget, type Control } from "./latchkey.ts";

/** Events after which a user's log has certainly dropped its oldest: it keeps 2,000, and 200 more until it tidies up. */
export const EVICT_AFTER = 2_300;

/** Latchkey as it is deployed, built and started by the kit itself, so that it can be killed. */
export function localLatchkey(name: string, way: "stream" | "socket"): ContractTarget {
  const secret = randomBytes(32).toString("base64url");
  let bundles: Bundles | null = null;
  let stateDir: string | null = null;
  let server: Server | null = null;
  const start = async () => {
    bundles ??= await buildBundles();
    stateDir ??= await freshState();
    server = await startServer(bundles, stateDir, { bindings: { AUTH_SECRET: secret } });
    return server.url;
  };
  const control: Control = {
    start,
    async crash() {
      await server?.kill();
      return start();
    },
    async stop() {
      await server?.stop();
      if (stateDir !== null) removeState(stateDir);
    },
  };
  return new ContractTarget(name, { url: "", secret, control, evictAfter: EVICT_AFTER, way });
}
