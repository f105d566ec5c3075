import { env } from "cloudflare:workers";
import { enforceOnD1, enforceOnQueue, enforceOnSql, resetUsage, usageSoFar } from "./platform-limits.ts";
import * as latchkey from "./whole-main.ts";

// The Worker as it is, on bindings that refuse what the platform refuses; for slow end-to-end tests, which start it by
// this file. It also says what has passed through them.

enforceOnD1(env.DB);
enforceOnQueue(env.REFRESH_QUEUE);

/** Where a test asks what has passed since it asked last. */
const USAGE_PATH = "/api/__usage";

function enforced(ctx: DurableObjectState): DurableObjectState {
  enforceOnSql(ctx.storage.sql);
  return ctx;
}

export class AuditChain extends latchkey.AuditChain {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class BackupVault extends latchkey.BackupVault {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class BroadcastLog extends latchkey.BroadcastLog {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class BroadcastShard extends latchkey.BroadcastShard {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class EnrollmentObject extends latchkey.EnrollmentObject {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class JournalObject extends latchkey.JournalObject {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class MetricsShard extends latchkey.MetricsShard {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class UserChannel extends latchkey.UserChannel {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
export class UserGate extends latchkey.UserGate {
  constructor(ctx: DurableObjectState, bindings: Env) {
    super(enforced(ctx), bindings);
  }
}
// Of another library's making, and it keeps no rows.
export const { CoursePresence } = latchkey;

export default {
  ...latchkey.default,
  fetch(request, bindings, context) {
    if (new URL(request.url).pathname !== USAGE_PATH) return latchkey.default.fetch(request, bindings, context);
    const usage = usageSoFar();
    resetUsage();
    return Response.json(usage);
  },
} satisfies ExportedHandler<Env>;
