/** The public API of the privacy room. */
export { resumeErasures } from "./erasure.ts";
export {
  broughtLists,
  everyErasure,
  listErasures,
  openErasures,
  signErasures,
} from "./erasure-list.ts";
export { keepErasures } from "./erasure-notes.ts";
export { peoplePage } from "./known.ts";
export { withoutErased } from "./late-messages.ts";
export { beginErasuresAgain, bury, eraseNow, eraseRevived, pauseWatch, resumeWatch, watchErasures } from "./revived.ts";
