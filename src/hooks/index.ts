/** The public API of the room hooks: events that are stored for other systems that subscribed to them. */
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
