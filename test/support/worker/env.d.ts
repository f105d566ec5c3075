import type { D1Migration } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    /** Bindings that exist in tests only; see vitest.config.ts. */
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
      TEST_SHARD_MIGRATIONS: D1Migration[];
    }
    /** Types `exports` of cloudflare:workers, the way by which tests call the Worker. */
    interface GlobalProps {
      mainModule: typeof import("../../../src/index.ts");
    }
  }
}
