/** The public API of the room hooks: what happened, written down for other systems that asked to be told. */
export { forgetListeners, listenersOf, MAX_HOOKS } from "./memory.ts";
export {
  askForDeliveries,
  type EnrollmentNews,
  newsItems,
  newsOfDirectory,
  newsStatements,
  tellHooks,
} from "./pages.ts";
export { HOOK_TYPES, type HookEvent, hookEventSchema, type News, type ProjectedNews } from "./types.ts";
export { hooksAreOn } from "./where.ts";
