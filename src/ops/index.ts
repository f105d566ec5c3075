/** The door of the operations room. */
export { DEAD_SUFFIX, deadLetterRoutes, storeDeadLetters } from "./dead-letters.ts";
export { docsHeaders, renderDocs } from "./docs-page.ts";
export { readinessSection } from "./health/readiness.ts";
export { mountHealth } from "./health/routes.ts";
export { logEvent, logFault } from "./logging.ts";
export { meter } from "./metrics/meter.ts";
export { metricsRoutes, mountScrape } from "./metrics/routes.ts";
export { MetricsShard } from "./metrics/shard.ts";
export { isDiverted, readSwitch } from "./read-switch.ts";
export { requestLog } from "./request-log.ts";
export { switchSection } from "./switch-gauge.ts";
export { switchRoutes } from "./switch-routes.ts";
