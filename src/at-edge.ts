import { inApi, lazily } from "./platform/http/lazy-api.ts";

/**
 * What the Worker at the edge answers by itself: what learners ask for all day, and what is small. Whatever is not here is
 * forwarded to the Worker behind it, which serves the whole API (src/api.ts). So a route of a new feature is answered
 * there, until somebody moves its feature here.
 */
export const AT_EDGE = {
  passKeys: lazily(["/.well-known"], async () => (await import("./enrollment/pass/routes.ts")).mountPassKeys),
  reads: inApi(
    ["/courses/*/chapters", "/courses/*/problems", "/courses/*/unlocks", "/courses/*/items", "/chapters", "/problems"],
    async () => (await import("./enrollment/routes-reads.ts")).readRoutes(),
  ),
  passes: inApi(["/courses/*/pass", "/courses/*/versions/*/items", "/courses/*/items/*/content"], async () =>
    (await import("./enrollment/pass/routes.ts")).passRoutes(),
  ),
  writes: inApi(
    [
      "/courses/*/chapters/*/mark_as_completed",
      "/problems/*/mark_as_completed",
      "/problems/*/submissions",
      "/progress",
    ],
    async () => (await import("./enrollment/routes-writes.ts")).writeRoutes(),
  ),
  events: inApi(["/auth/sse-token", "/events"], async () => {
    const [{ eventRoutes }, { hearsTopic }] = await Promise.all([
      import("./events/routes.ts"),
      import("./enrollment/topic-rights.ts"),
    ]);
    return eventRoutes({ hears: hearsTopic });
  }),
  presence: inApi(["/courses/*/presence"], async () => (await import("./presence/index.ts")).presenceRoutes()),
};
