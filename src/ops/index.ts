/** The door of the operations room. */
export { DEAD_SUFFIX, deadLetterRoutes, storeDeadLetters } from "./dead-letters.ts";
export { docsHeaders, renderDocs } from "./docs-page.ts";
export { logEvent, logFault } from "./logging.ts";
export { isDiverted, readSwitch } from "./read-switch.ts";
export { requestLog } from "./request-log.ts";
export { switchRoutes } from "./switch-routes.ts";
