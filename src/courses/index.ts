/** The public API of the courses room. */

export { isStaff, mayManage } from "./access.ts";
export type { PublishImpact } from "./answers.ts";
export {
  type CourseEntry,
  type CoursePointer,
  fetchCourse,
  findCourse,
  forgetCourse,
  isFresh,
  loadActiveProgram,
  loadProgram,
  parseOutline,
  rememberedCourse,
  rememberedProgram,
  rememberProgram,
} from "./catalog.ts";
export { loadContent, type Permit } from "./contents.ts";
export { MAX_ITEMS } from "./max-items.ts";
export { courses } from "./tables.ts";
